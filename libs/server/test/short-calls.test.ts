import { request as httpRequest, type IncomingHttpHeaders } from "node:http";

import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";

import { ResourceExhaustedError } from "@hearth/errors";
import { QuerierService } from "@hearth/proto/querier/v1";
import { implement, tenantsKey } from "@hearth/rpc";
import { LabelNamesRequestSchema } from "@hearth/proto/types/v1";

import { type RunningServer, startServer } from "./support/start-server.ts";

const services = [
  implement(QuerierService, {
    labelNames({ matchers: [matcher = ""] }, context) {
      context.responseHeader.set("x-echo", context.requestHeader.get("x-ask") ?? "");
      context.responseTrailer.set("x-after", "all");
      if (matcher === "busy") throw new ResourceExhaustedError("too many", { retryAfterMs: 1500 });
      if (matcher === "defect") throw new TypeError("secret detail");
      if (matcher === "slow") return new Promise(() => undefined);
      if (matcher === "long") return { names: ["name".repeat(1000)] };
      return { names: [matcher, ...context.values.get(tenantsKey)] };
    },
  }),
];

const LABEL_NAMES = "/querier.v1.QuerierService/LabelNames";
const JSON_TYPE = { "content-type": "application/json" };
const TENANT = { "x-scope-orgid": "acme" };

interface Ask {
  readonly headers: Record<string, string>;
  readonly body: string | Uint8Array;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** @param length - whether the request states the length of its body; only such calls go the short way. */
function ask(server: RunningServer, { headers, body }: Ask, length: boolean) {
  const bytes = Buffer.from(body);
  const framing = length ? { "content-length": bytes.length } : { "transfer-encoding": "chunked" };
  return new Promise<Answer>((resolve, reject) => {
    const options = {
      port: server.port,
      path: LABEL_NAMES,
      method: "POST",
      headers: { ...headers, ...framing },
    };
    const call = httpRequest(options, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("error", reject);
      response.once("end", () => {
        const { date: _, ...kept } = response.headers;
        const body = Buffer.concat(chunks).toString("latin1");
        resolve({ status: response.statusCode, headers: kept, body });
      });
    });
    call.once("error", reject).end(bytes);
  });
}

describe("a call that goes the short way", () => {
  const proto = toBinary(LabelNamesRequestSchema, create(LabelNamesRequestSchema, { matchers: ["a"] }));
  it.each<Ask & { name: string; status: number }>([
    {
      name: "JSON",
      headers: { ...JSON_TYPE, ...TENANT, "x-ask": "hello" },
      body: '{"matchers":["a"],"unknown":1}',
      status: 200,
    },
    { name: "binary", headers: { ...TENANT, "content-type": "application/proto" }, body: proto, status: 200 },
    {
      name: "nothing in it",
      headers: { ...TENANT, "content-type": "application/proto" },
      body: "",
      status: 200,
    },
    {
      name: "an answer that is compressed",
      headers: { ...JSON_TYPE, ...TENANT, "accept-encoding": "gzip, br" },
      body: '{"matchers":["long"]}',
      status: 200,
    },
    {
      name: "an unknown compression",
      headers: { ...JSON_TYPE, ...TENANT, "content-encoding": "br" },
      body: "{}",
      status: 501,
    },
    { name: "no tenant", headers: JSON_TYPE, body: "{}", status: 401 },
    { name: "no JSON", headers: { ...JSON_TYPE, ...TENANT }, body: "{", status: 400 },
    {
      name: "no message",
      headers: { ...TENANT, "content-type": "application/proto" },
      body: Uint8Array.of(0x0a, 0xff),
      status: 400,
    },
    {
      name: "another version of the protocol",
      headers: { ...JSON_TYPE, ...TENANT, "connect-protocol-version": "2" },
      body: "{}",
      status: 400,
    },
    {
      name: "a time limit that is none",
      headers: { ...JSON_TYPE, ...TENANT, "connect-timeout-ms": "soon" },
      body: "{}",
      status: 400,
    },
    {
      name: "a time limit that passes",
      headers: { ...JSON_TYPE, ...TENANT, "connect-timeout-ms": "10" },
      body: '{"matchers":["slow"]}',
      status: 504,
    },
    { name: "a refusal", headers: { ...JSON_TYPE, ...TENANT }, body: '{"matchers":["busy"]}', status: 429 },
    { name: "a defect", headers: { ...JSON_TYPE, ...TENANT }, body: '{"matchers":["defect"]}', status: 500 },
  ])("is answered as on the long one: $name", async ({ status, ...request }) => {
    await using server = await startServer({ services });
    const short = await ask(server, request, true);
    expect(short.status).toBe(status);
    const long = await ask(server, request, false);
    expect(short).toEqual(long);
  });

  it("is counted, and has an id in logs", async () => {
    await using server = await startServer({ services });
    const request = { headers: { ...JSON_TYPE, ...TENANT }, body: '{"matchers":["defect"]}' };
    await ask(server, request, true);
    expect(server.events).toMatchObject([{ fields: { requestId: "1", tenant: "acme" } }]);
    const { body } = await server.registry.expose();
    expect(body).toMatch(
      /request_duration_seconds_count\{method="POST",route="querier_v1_querierservice_labelnames",status_code="500",ws="false"\} 1/,
    );
  });

  it("is cancelled when its caller goes away", async () => {
    const reason = Promise.withResolvers<unknown>();
    const entered = Promise.withResolvers<void>();
    const waiting = implement(QuerierService, {
      labelNames(_, { signal }) {
        entered.resolve();
        signal.addEventListener("abort", () => reason.resolve(signal.reason));
        return new Promise(() => undefined);
      },
    });
    await using server = await startServer({ services: [waiting] });
    const caller = new AbortController();
    const call = fetch(server.baseUrl + LABEL_NAMES, {
      method: "POST",
      headers: { ...JSON_TYPE, ...TENANT },
      body: "{}",
      signal: caller.signal,
    });
    await entered.promise;
    caller.abort();
    await expect(call).rejects.toThrow("aborted");
    expect(await reason.promise).toMatchObject({ name: "CanceledError" });
  });
});
