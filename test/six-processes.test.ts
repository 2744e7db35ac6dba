import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";

import { loadGoldenCases } from "./conformance/golden-case.ts";
import { holdConversation } from "./conformance/hold-conversation.ts";
import { goldenFlags, ServerProcess } from "./support/server-process.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";

/** What a gateway sends to the distributor; everything else goes to the query frontend. */
const WRITE_PATHS = /^\/(?:push\.v1\.PusherService|(?:pyroscope\/)?ingest|v1development|opentelemetry\.)/u;
const START_TIMEOUT_MS = 90_000;
const coreCases = loadGoldenCases().filter(({ name }) => name.startsWith("core-"));

/** The parts meet over the network only: on one folder, as a cluster shares a bucket. */
describe("six processes, one for each part", () => {
  const folder = temporaryFolder("six-processes");
  const started: ServerProcess[] = [];
  let urlOf: (path: string) => string;

  beforeAll(async () => {
    const metastore = await startPart("metastore");
    const toMetastore = `-metastore.address=${metastore.rpcAddress}`;
    const [writer, backend] = await Promise.all([
      startPart("segment-writer", toMetastore),
      startPart("query-backend", toMetastore),
      startPart("compaction-worker", toMetastore),
    ]);
    const [distributor, frontend] = await Promise.all([
      startPart("distributor", `-segment-writer.address=${writer.rpcAddress}`),
      startPart("query-frontend", toMetastore, `-query-backend.address=${backend.rpcAddress}`),
    ]);
    urlOf = (path) => (WRITE_PATHS.test(path) ? distributor.url : frontend.url);
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    for (const server of started.reverse()) await server[Symbol.asyncDispose]();
    folder.remove();
  });

  // At once, each as a tenant of its own: most of the time is waiting for segments to be flushed.
  it.concurrent.each(coreCases)("agree on $name", async (golden) => {
    expect(await holdConversation(urlOf, golden)).toEqual([]);
  });

  async function startPart(target: string, ...addresses: string[]): Promise<ServerProcess> {
    const flags = [...goldenFlags, `-target=${target}`, ...addresses];
    const server = await ServerProcess.start({ dir: folder.path, flags });
    started.push(server);
    return server;
  }
});
