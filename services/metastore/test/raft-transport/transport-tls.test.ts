import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";
import { readTlsFiles, serverTls, type TlsPaths } from "../../src/raft-transport/transport-tls.ts";
import { listen } from "./support/listening-node.ts";
import { ManualClock } from "./support/manual-clock.ts";
import { heartbeat } from "./support/samples.ts";
import { sender } from "./support/sending-node.ts";

const folder = join(import.meta.dirname, "certificates");
const NODE = pathsOf("node");
const STRANGER = pathsOf("stranger");
function pathsOf(name: string): TlsPaths {
  return {
    caPath: join(folder, "ca.crt"),
    certPath: join(folder, `${name}.crt`),
    keyPath: join(folder, `${name}.key`),
  };
}

describe("nodes with certificates", () => {
  it("speak to each other when one authority signed both", async () => {
    const tls = await readTlsFiles(NODE);
    await using peer = await listen({ tls: serverTls(tls) });
    const self = sender({ [peer.nodeId]: peer.origin }, { tls });
    await using _ = self.transport;
    self.transport.send({ ...heartbeat(1), to: peer.nodeId });
    await peer.messages.first(1);
    await self.observer.events.first(1);
    expect(self.observer.events.all).toEqual(["sent 1"]);
  });

  it.each([
    { name: "the other is a stranger", own: NODE, other: STRANGER },
    { name: "it is a stranger itself", own: STRANGER, other: NODE },
    { name: "it was given no certificates", own: undefined, other: NODE },
  ])("do not when $name", async ({ own, other }) => {
    await using peer = await listen({ tls: serverTls(await readTlsFiles(other)) });
    const tls = own && (await readTlsFiles(own));
    const self = sender({ [peer.nodeId]: peer.origin }, { clock: new ManualClock(), ...(tls && { tls }) });
    await using _ = self.transport;
    self.transport.send({ ...heartbeat(1), to: peer.nodeId });
    await self.signals.first(1);
    expect(self.observer.events.all).toEqual(["dropped 1 call-failed"]);
    expect(peer.messages.all).toEqual([]);
  });

  it("say which file is missing", async () => {
    const paths = { ...NODE, keyPath: join(folder, "nowhere.key") };
    await expect(readTlsFiles(paths)).rejects.toThrow(paths.keyPath);
  });
});
