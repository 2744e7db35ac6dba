import { readFileSync } from "node:fs";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import type { TLSSocket } from "node:tls";

import { createClient } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";

import { Code } from "@hearth/errors";
import { SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";

import { type ClientTls, undiciTransport } from "../src/index.ts";

const pem = (name: string): Buffer => readFileSync(join(import.meta.dirname, "certificates", name));
const [cert, key] = [pem("self.crt"), pem("self.key")];

/** A client of a server that asks for a certificate; `shown` are the subjects that it saw. */
async function against(tls: ClientTls | undefined) {
  const shown: unknown[] = [];
  const options = { cert, key, ca: cert, requestCert: true, rejectUnauthorized: true };
  const server = createServer(options, (request, response) => {
    shown.push((request.socket as TLSSocket).getPeerCertificate().subject.CN);
    response.end();
  }).listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  const transport = undiciTransport({
    origin: `https://127.0.0.1:${(server.address() as AddressInfo).port}`,
    maxConnections: 1,
    connectTimeoutMs: 5_000,
    defaultTimeoutMs: 5_000,
    readMaxBytes: 1000,
    ...(tls && { tls }),
  });
  return {
    shown,
    client: createClient(SegmentWriterService, transport),
    async [Symbol.asyncDispose]() {
      await transport[Symbol.asyncDispose]();
      server.closeAllConnections();
      server.close();
    },
  };
}

describe("a call over TLS", () => {
  it("shows its certificate to a server of the same authority", async () => {
    await using end = await against({ ca: cert, cert, key });
    await end.client.push({});
    expect(end.shown).toEqual(["rpc test"]);
  });

  it("is not made to a server of an authority that nobody named", async () => {
    await using end = await against(undefined);
    await expect(end.client.push({})).rejects.toMatchObject({ code: Code.Unavailable });
    expect(end.shown).toEqual([]);
  });
});
