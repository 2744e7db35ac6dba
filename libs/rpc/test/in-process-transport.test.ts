import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";

import { Code, InvalidArgumentError, ResourceExhaustedError, UnimplementedError } from "@hearth/errors";
import { PushRequestSchema, SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";
import { QueryBackendService } from "@hearth/proto/hearth/query/v1";
import { Health } from "@hearth/proto/grpc/health/v1";
import { systemClock, throwIfAborted } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";

import { implement, inProcessTransport, requestMetrics, serverInterceptors } from "../src/index.ts";

function setUp(maxDurationMs = 5_000) {
  const { logger, events } = memoryLogger();
  const registry = new MetricRegistry();
  const received: object[] = [];
  const writer = implement(SegmentWriterService, {
    async push(request, { signal }) {
      received.push(request);
      if (request.tenant === "bad") throw new InvalidArgumentError("bad tenant");
      if (request.tenant === "busy") throw new ResourceExhaustedError("full", { retryAfterMs: 70 });
      if (request.tenant === "defect") throw new TypeError("secret");
      if (request.tenant === "deaf") await new Promise(() => undefined);
      if (request.tenant === "waits") {
        await new Promise((resolve) => signal.addEventListener("abort", resolve));
        throwIfAborted(signal);
      }
      return { failures: [{ batch: 1 }] };
    },
  });
  const transport = inProcessTransport(
    [writer],
    serverInterceptors({ logger, clock: systemClock, maxDurationMs, metrics: requestMetrics(registry) }),
  );
  return { client: createClient(SegmentWriterService, transport), transport, received, events, registry };
}

describe("a call in process", () => {
  it("hands over the message itself", async () => {
    const { client, received } = setUp();
    const request = create(PushRequestSchema, { tenant: "acme" });
    const response = await client.push(request);
    expect(received[0]).toBe(request);
    expect(response.failures[0]).toMatchObject({ batch: 1, message: "" });
  });

  it.each([
    { tenant: "bad", want: { name: "InvalidArgumentError", message: "bad tenant" } },
    { tenant: "busy", want: { name: "ResourceExhaustedError", message: "full", retryAfterMs: 70 } },
    { tenant: "defect", want: { name: "InternalError", message: "internal error" } },
  ])("fails as over the network: $tenant", async ({ tenant, want }) => {
    await expect(setUp().client.push({ tenant })).rejects.toMatchObject(want);
  });

  it("logs a defect once, with its cause", async () => {
    const { client, events } = setUp();
    await client.push({ tenant: "defect" }).catch(() => undefined);
    await client.push({ tenant: "bad" }).catch(() => undefined);
    expect(events.map(({ fields }) => [fields["method"], String(fields["error"])])).toEqual([
      ["/hearth.segmentwriter.v1.SegmentWriterService/Push", "TypeError: secret"],
    ]);
  });

  it.each([{ tenant: "deaf" }, { tenant: "waits" }])("ends at its deadline: $tenant", async ({ tenant }) => {
    const call = setUp().client.push({ tenant }, { timeoutMs: 20 });
    await expect(call).rejects.toMatchObject({ code: Code.DeadlineExceeded });
  });

  it("ends at the server's own limit", async () => {
    await expect(setUp(20).client.push({ tenant: "waits" })).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
    });
  });

  it.each([{ tenant: "deaf" }, { tenant: "waits" }])("ends with its caller: $tenant", async ({ tenant }) => {
    const { client, events } = setUp();
    const controller = new AbortController();
    const call = client.push({ tenant }, { signal: controller.signal });
    controller.abort();
    await expect(call).rejects.toMatchObject({ code: Code.Canceled });
    expect(events).toEqual([]);
  });

  it("is counted as the call it is", async () => {
    const { client, registry } = setUp();
    await client.push({ tenant: "acme" });
    await client.push({ tenant: "bad" }).catch(() => undefined);
    const { body } = await registry.expose();
    const series =
      'request_duration_seconds_count{method="gRPC",route="/segmentwriter.v1.SegmentWriterService/Push"';
    expect(body).toContain(`${series},status_code="success",ws="false"} 1`);
    expect(body).toContain(`${series},status_code="InvalidArgument",ws="false"} 1`);
  });

  it("of what is not in this process is unimplemented", async () => {
    const { transport } = setUp();
    await expect(createClient(QueryBackendService, transport).invoke({})).rejects.toBeInstanceOf(
      UnimplementedError,
    );
    const watch = createClient(Health, transport).watch({})[Symbol.asyncIterator]();
    await expect(watch.next()).rejects.toBeInstanceOf(UnimplementedError);
  });
});
