import { beforeAll, describe, expect, it } from "@jest/globals";

import { loadGoldenCase } from "./conformance/golden-case.ts";
import { holdConversation } from "./conformance/hold-conversation.ts";
import { goldenFlags, ServerProcess } from "./support/server-process.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { type ReceivedSpan, TraceCollector } from "./support/trace-collector.ts";

const START_TIMEOUT_MS = 90_000;
const STORAGE = "metastore,segment-writer,query-backend";
const EDGE = "distributor,query-frontend";

/** Two processes, so that traces cross from one to the other. They have ended: what they had is sent then. */
describe("spans that are sent to a collector", () => {
  let spans: readonly ReceivedSpan[];
  const disagreements: string[] = [];

  beforeAll(async () => {
    const folder = temporaryFolder("tracing");
    await using collector = await TraceCollector.start();
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint };
    const start = (target: string, ...flags: string[]): Promise<ServerProcess> =>
      ServerProcess.start({ dir: folder.path, flags: [...goldenFlags, `-target=${target}`, ...flags], env });
    {
      await using storage = await start(STORAGE);
      await using edge = await start(
        EDGE,
        ...["metastore", "segment-writer", "query-backend"].map(
          (part) => `-${part}.address=${storage.rpcAddress}`,
        ),
      );
      for (const name of ["core-ingest-form", "core-mini-cpu"]) {
        disagreements.push(...(await holdConversation(edge.url, loadGoldenCase(name))));
      }
    }
    spans = [...collector.spans];
    folder.remove();
  }, START_TIMEOUT_MS);

  const INGEST = "POST /ingest";
  const PUSH = "push.v1.PusherService/Push";
  const QUERY = "querier.v1.QuerierService/SelectMergeStacktraces";
  const STORE = "hearth.segmentwriter.v1.SegmentWriterService/Push";
  const FIND = "hearth.metastore.v1.MetadataQueryService/QueryMetadata";
  const READ = "hearth.query.v1.QueryBackendService/Invoke";

  it.each([
    { first: INGEST, next: STORE },
    { first: PUSH, next: STORE },
    { first: QUERY, next: FIND },
    { first: QUERY, next: READ },
  ])("are one trace from $first to $next in the other process", ({ first, next }) => {
    const roots = spans.filter(({ name }) => name === first);
    expect(roots.map(({ parentSpanId }) => parentSpanId)).toEqual(roots.map(() => ""));
    const children = roots.flatMap((root) =>
      spans.filter(
        ({ name, traceId, parentSpanId }) =>
          name === next && traceId === root.traceId && parentSpanId === root.spanId,
      ),
    );
    expect(children.length).toBeGreaterThan(0);
    expect(new Set(roots.map(({ service }) => service))).toEqual(new Set([`pyroscope-${EDGE}`]));
    expect(new Set(children.map(({ service }) => service))).toEqual(new Set([`pyroscope-${STORAGE}`]));
  });

  it("change no answer", () => {
    expect(disagreements).toEqual([]);
  });

  it("are of what is asked for, not of probes", () => {
    expect(spans.filter(({ name }) => name.includes("/ready"))).toEqual([]);
  });
});
