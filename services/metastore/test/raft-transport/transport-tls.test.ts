import { join } from "node:path";
import { createServer as createTlsServer } from "node:tls";
import type { AddressInfo } from "node:net";

import { afterEach, describe, expect, it } from "@jest/globals";
import { connectNodeAdapter } from "@connectrpc/connect-node";
import { mountServices } from "@hearth/rpc";
import { DualProtocolServer, defaultLimits } from "@hearth/server";
import { raftTransportService } from "../../src/raft-transport/transport-service.ts";
import { readTlsFiles, serverTls, type TlsPaths } from "../../src/raft-transport/transport-tls.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { Recorded, RecordingObserver } from "./support/recorded.ts";
import { chainOf, heartbeat, identityOf } from "./support/samples.ts";
import { sender } from "./support/sending-node.ts";

const folder = join(import.meta.dirname, "certificates");
const NODE = pathsOf("node");
const STRANGER = pathsOf("stranger");
const peerId = "peer:9099/4";
const closers: (() => void)[] = [];

afterEach(() => {
  for (const close of closers.splice(0)) close();
});

function pathsOf(name: string): TlsPaths {
  return {
    caPath: join(folder, "ca.crt"),
    certPath: join(folder, `${name}.crt`),
    keyPath: join(folder, `${name}.key`),
  };
}

/** A node behind TLS: what is decrypted goes to a listener as all processes have. */
async function listenWith(paths: TlsPaths) {
  const messages = new Recorded<unknown>();
  const service = raftTransportService({
    identity: identityOf(peerId),
    chainOf,
    onMessage: (message) => messages.add(message),
    snapshots: undefined,
    observer: new RecordingObserver(),
  });
  const plain = new DualProtocolServer(defaultLimits).on(
    "request",
    connectNodeAdapter({ routes: (router) => mountServices(router, [service], 1 << 20) }) as never,
  );
  const listener = createTlsServer(serverTls(await readTlsFiles(paths)), (socket) =>
    plain.emit("connection", socket),
  );
  listener.on("tlsClientError", () => undefined).listen(0, "127.0.0.1");
  await new Promise((resolve) => listener.once("listening", resolve));
  closers.push(() => {
    plain.closeAllConnections();
    listener.close();
  });
  return { messages, origin: `https://127.0.0.1:${(listener.address() as AddressInfo).port}` };
}

describe("nodes with certificates", () => {
  it("speak to each other when one authority signed both", async () => {
    const peer = await listenWith(NODE);
    const self = sender({ [peerId]: peer.origin }, { tls: await readTlsFiles(NODE) });
    await using _ = self.transport;
    self.transport.send({ ...heartbeat(1), to: peerId });
    await peer.messages.first(1);
    await self.observer.events.first(1);
    expect(self.observer.events.all).toEqual(["sent 1"]);
  });

  it.each([
    { name: "the other is a stranger", own: NODE, other: STRANGER },
    { name: "it is a stranger itself", own: STRANGER, other: NODE },
    { name: "it was given no certificates", own: undefined, other: NODE },
  ])("do not when $name", async ({ own, other }) => {
    const peer = await listenWith(other);
    const tls = own && (await readTlsFiles(own));
    const self = sender({ [peerId]: peer.origin }, { clock: new ManualClock(), ...(tls && { tls }) });
    await using _ = self.transport;
    self.transport.send({ ...heartbeat(1), to: peerId });
    await self.signals.first(1);
    expect(self.observer.events.all).toEqual(["dropped 1 call-failed"]);
    expect(peer.messages.all).toEqual([]);
  });

  it("say which file is missing", async () => {
    const paths = { ...NODE, keyPath: join(folder, "nowhere.key") };
    await expect(readTlsFiles(paths)).rejects.toThrow(paths.keyPath);
  });
});
