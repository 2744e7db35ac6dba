import type { Random } from "@hearth/runtime";

import type { Load } from "./load.ts";
import type { RaftCluster } from "./raft-cluster.ts";

/** What a fault acts on. */
export interface FaultContext {
  readonly cluster: RaftCluster;
  /** Clients that are at work meanwhile. */
  readonly load: Load;
  readonly random: Random;
}

export function pick<T>(values: readonly T[], random: Random): T {
  return values[Math.floor(random.next() * values.length)]!;
}
