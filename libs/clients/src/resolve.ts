import { lookup } from "node:dns/promises";

import type { Address, Target } from "./target.ts";

/** Looks up all addresses of a name: text forms of IPv4 or IPv6. */
export type Lookup = (host: string) => Promise<readonly string[]>;

/** The system's own resolver. */
export const systemLookup: Lookup = async (host) => {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
};

/** The processes of a target now, sorted by id, each once. */
export async function resolveTarget(target: Target, lookup: Lookup): Promise<Address[]> {
  if (target.type === "static") return [...target.addresses].sort(byId);
  const found = new Set(await lookup(target.host));
  return [...found].map((ip) => addressOf(ip, target.port)).sort(byId);
}

function addressOf(ip: string, port: number): Address {
  const host = ip.includes(":") ? `[${ip}]` : ip;
  return { id: `${host}:${port}`, host, port };
}

function byId(left: Address, right: Address): number {
  if (left.id === right.id) return 0;
  return left.id < right.id ? -1 : 1;
}
