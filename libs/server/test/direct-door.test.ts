import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";

import { InvalidArgumentError, ResourceExhaustedError, UnavailableError } from "@hearth/errors";
import { PusherService, PushRequestSchema } from "@hearth/proto/push/v1";
import { implement, tenantsKey } from "@hearth/rpc";

import { type RunningServer, startServer } from "./support/start-server.ts";

const PUSH = "/push.v1.PusherService/Push";

/** Does what the first label's value says; the header says who was pushed for. */
const services = [
  implement(
    PusherService,
    {
      push({ series }, { values, responseHeader }) {
        responseHeader.set("x-tenant", values.get(tenantsKey).join("|"));
        switch (series[0]?.labels[0]?.value) {
          case "bad":
            throw new InvalidArgumentError("bad label: é");
          case "later":
            throw new UnavailableError("not now", { retryAfterMs: 1500 });
          case "limit":
            throw new ResourceExhaustedError("too much");
          case "defect":
            throw new TypeError("secret");
          default:
            return {};
        }
      },
    },
    { readMaxBytes: 64 << 10 },
  ),
];

const push = (value: string): Uint8Array<ArrayBuffer> =>
  toBinary(PushRequestSchema, create(PushRequestSchema, { series: [{ labels: [{ name: "do", value }] }] }));

const CLIENT = { "x-scope-orgid": "acme", "content-type": "application/proto" };

interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** A header that changes nothing sends the same call through Fastify and Connect. */
const LONG_WAY = { "content-encoding": "identity" };

async function answerOf(
  server: RunningServer,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>>,
): Promise<Answer> {
  const response = await fetch(server.baseUrl + PUSH, { method: "POST", headers, body });
  const kept = [...response.headers].filter(
    ([name]) => !["date", "keep-alive", "connection", "content-length"].includes(name),
  );
  return { status: response.status, headers: Object.fromEntries(kept), body: await response.text() };
}

describe("a push in binary", () => {
  it.each([
    { name: "is stored for its tenant", body: push("fine"), headers: CLIENT, status: 200 },
    {
      name: "is stored for the first of repeated tenants",
      body: push("fine"),
      headers: { ...CLIENT, "x-scope-orgid": "acme, other" },
      status: 200,
    },
    { name: "may be empty", body: new Uint8Array(0), headers: CLIENT, status: 200 },
    {
      name: "is refused without a tenant",
      body: push("fine"),
      headers: { "content-type": "application/proto" },
      status: 401,
    },
    { name: "is told of its mistake", body: push("bad"), headers: CLIENT, status: 400 },
    { name: "is told when to try again", body: push("later"), headers: CLIENT, status: 503 },
    { name: "is told of a limit", body: push("limit"), headers: CLIENT, status: 429 },
    { name: "does not learn of a defect", body: push("defect"), headers: CLIENT, status: 500 },
    { name: "must be a message", body: Uint8Array.of(10, 200), headers: CLIENT, status: 400 },
    { name: "may not be too large", body: new Uint8Array(70_000), headers: CLIENT, status: 429 },
    {
      name: "must name a time limit that is one",
      body: push("fine"),
      headers: { ...CLIENT, "connect-timeout-ms": "soon" },
      status: 400,
    },
  ])("$name, the same by the direct door as by the long way", async ({ body, headers, status }) => {
    await using server = await startServer({ services });
    const direct = await answerOf(server, body, headers);
    const long = await answerOf(server, body, { ...headers, ...LONG_WAY });
    expect({ ...direct, body: shapeOf(direct) }).toEqual({ ...long, body: shapeOf(long) });
    expect(direct.status).toBe(status);
  });

  it("is counted as a request, whichever way it takes", async () => {
    await using server = await startServer({ services });
    for (const way of [{}, LONG_WAY]) {
      await answerOf(server, push("fine"), { ...CLIENT, ...way });
      await answerOf(server, push("bad"), { ...CLIENT, ...way });
    }
    const { body: text } = await server.registry.expose();
    const count = (status: number): RegExp =>
      new RegExp(
        `request_duration_seconds_count\\{[^}]*route="push_v1_pusherservice_push",status_code="${status}"[^}]*\\} 2`,
      );
    expect(text).toMatch(count(200));
    expect(text).toMatch(count(400));
  });
});

/** What is told in words may differ where the words are a library's. */
function shapeOf({ status, body }: Answer): unknown {
  if (status === 200) return body;
  const { code, message } = JSON.parse(body) as { code: string; message: string };
  return { code, message: message.startsWith("message ") ? "" : message };
}
