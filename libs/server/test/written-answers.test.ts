import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { createClient, type Transport } from "@connectrpc/connect";
import {
  createConnectTransport,
  createGrpcTransport,
  createGrpcWebTransport,
} from "@connectrpc/connect-node";
import { describe, expect, it } from "@jest/globals";

import { InvalidArgumentError } from "@hearth/errors";
import { type Profile, ProfileSchema } from "@hearth/proto/google/v1";
import { QuerierService } from "@hearth/proto/querier/v1";
import { answerFormKey, encodedMessage, implement } from "@hearth/rpc";

import { startServer } from "./support/start-server.ts";

const profile = create(ProfileSchema, { stringTable: ["", "größe"], comment: [1n], period: 2n ** 62n });
const long = create(ProfileSchema, { stringTable: ["x".repeat(2000)] });

/** Answers in the form that the server takes, and says in a comment which that was. */
const services = [
  implement(QuerierService, {
    selectMergeProfile({ labelSelector }, { values }) {
      const form = values.get(answerFormKey);
      const answer: Profile = {
        ...(labelSelector === "long" ? long : profile),
        dropFrames: BigInt(["message", "binary", "json"].indexOf(form.type)),
      };
      if (form.type === "message") return answer;
      if (form.type === "binary") return encodedMessage(ProfileSchema, toBinary(ProfileSchema, answer));
      form.write(Buffer.from(toJsonString(ProfileSchema, answer)));
      if (labelSelector === "bad") throw new InvalidArgumentError("bad");
      return {};
    },
  }),
];

const MESSAGE = 0n;
const BINARY = 1n;
const JSON_TEXT = 2n;

interface Way {
  readonly name: string;
  readonly make: (baseUrl: string) => Transport;
  readonly form: bigint;
}

const http1 = { httpVersion: "1.1" } as const;
const useBinaryFormat = false;
const ways: readonly Way[] = [
  { name: "Connect", make: (baseUrl) => createConnectTransport({ baseUrl, ...http1 }), form: BINARY },
  {
    name: "Connect in JSON",
    make: (baseUrl) => createConnectTransport({ baseUrl, ...http1, useBinaryFormat }),
    form: JSON_TEXT,
  },
  {
    name: "Connect by GET",
    make: (baseUrl) => createConnectTransport({ baseUrl, ...http1, useHttpGet: true }),
    form: MESSAGE,
  },
  { name: "gRPC", make: (baseUrl) => createGrpcTransport({ baseUrl }), form: BINARY },
  {
    name: "gRPC in JSON",
    make: (baseUrl) => createGrpcTransport({ baseUrl, useBinaryFormat }),
    form: MESSAGE,
  },
  { name: "gRPC-Web", make: (baseUrl) => createGrpcWebTransport({ baseUrl, ...http1 }), form: BINARY },
  {
    name: "gRPC-Web in JSON",
    make: (baseUrl) => createGrpcWebTransport({ baseUrl, ...http1, useBinaryFormat }),
    form: MESSAGE,
  },
];

const headers = { "x-scope-orgid": "acme" };

describe("an answer that its implementation writes", () => {
  it.each(ways)("arrives whole by $name", async ({ make, form }) => {
    await using server = await startServer({ services });
    const client = createClient(QuerierService, make(server.baseUrl));
    expect(await client.selectMergeProfile({}, { headers })).toEqual({ ...profile, dropFrames: form });
  });

  it.each([
    { name: "compressed where the client accepts it", accepted: "gzip", encoding: "gzip" },
    { name: "plain where it does not", accepted: "identity", encoding: null },
  ])("is $name", async ({ accepted, encoding }) => {
    await using server = await startServer({ services });
    const response = await postJson(
      server.baseUrl,
      { labelSelector: "long" },
      { "accept-encoding": accepted },
    );
    expect(response.headers.get("content-encoding")).toBe(encoding);
    expect(response.headers.get("content-type")).toBe("application/json");
    expect(await response.json()).toEqual({ stringTable: ["x".repeat(2000)], dropFrames: String(JSON_TEXT) });
  });

  it("is not sent when the call fails after all", async () => {
    await using server = await startServer({ services });
    const response = await postJson(server.baseUrl, { labelSelector: "bad" }, {});
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ code: "invalid_argument" });
  });
});

async function postJson(
  baseUrl: string,
  request: object,
  extra: Readonly<Record<string, string>>,
): Promise<Response> {
  return fetch(`${baseUrl}/querier.v1.QuerierService/SelectMergeProfile`, {
    method: "POST",
    headers: { ...headers, ...extra, "content-type": "application/json" },
    body: JSON.stringify(request),
  });
}
