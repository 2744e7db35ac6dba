import { FailedPreconditionError } from "@hearth/errors";

export interface PeerSettings {
  /** Name of this node, at which its peers reach it: `host:port`. */
  readonly serverId: string;
  readonly bootstrapPeers: readonly string[];
  /** `host:port`; empty for the port of the name, on every address. */
  readonly bindAddress: string;
}

/** Whether the node is to be one of several, now or later. */
export function hasPeers({ serverId, bootstrapPeers, bindAddress }: PeerSettings): boolean {
  return bindAddress !== "" || bootstrapPeers.some((peer) => peer !== serverId);
}

/** Where to listen for peers. @throws {FailedPreconditionError} when the settings name no port. */
export function parseBindAddress({ serverId, bindAddress }: PeerSettings): { host: string; port: number } {
  const address = bindAddress === "" ? serverId : bindAddress;
  const match = /^(.*):([0-9]{1,5})$/u.exec(address);
  const port = Number(match?.[2]);
  if (!match || port > 65_535) {
    const flag = bindAddress === "" ? "-metastore.raft.server-id" : "-metastore.raft.bind-address";
    throw new FailedPreconditionError(`${flag} must be host:port, so that peers find this node: ${address}`);
  }
  const host = bindAddress === "" ? "" : (match[1] ?? "");
  return { host: host === "" ? "0.0.0.0" : host, port };
}
