import { once } from "node:events";
import { createServer } from "node:net";

import { systemRandom } from "@hearth/runtime";

/** Systems give ports from 32768 (Linux) or 49152 to those who call: below, nobody takes a port while a node is down. */
const LOWEST = 12_000;
const HIGHEST = 32_000;

/** Ports that were free a moment ago, all different, for processes that come back on the same ones. */
export async function stablePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) {
    const port = LOWEST + Math.floor(systemRandom.next() * (HIGHEST - LOWEST));
    if (await isFree(port)) ports.add(port);
  }
  return [...ports];
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}
