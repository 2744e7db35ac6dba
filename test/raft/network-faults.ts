import { systemClock } from "@hearth/runtime";

import { pick, type FaultContext } from "./fault-context.ts";
import type { CutKind } from "./partition.ts";

const KINDS: readonly CutKind[] = ["refused", "silent"];
/** Writes that must go through before the cut is healed. */
const PROGRESS = 20;
const MAX_LONGER_MS = 2_000;

/** Clients reach the leader all the time: it must not answer from a state that others have left behind. */
export async function isolateLeader(context: FaultContext, way: "both" | "in" | "out"): Promise<void> {
  const { cluster, random } = context;
  cluster.isolate(await cluster.leader(), pick(KINDS, random), way);
  await lastAndHeal(context);
}

/** Two nodes do not hear each other; the third hears both. */
export async function cutPair(context: FaultContext): Promise<void> {
  const { cluster, random } = context;
  const outside = pick(cluster.members, random);
  const [one, other] = cluster.members.filter((place) => place !== outside);
  const kind = pick(KINDS, random);
  cluster.cut(one!, other!, kind);
  cluster.cut(other!, one!, kind);
  await lastAndHeal(context);
}

async function lastAndHeal({ cluster, load, random }: FaultContext): Promise<void> {
  try {
    await load.untilAcknowledged(PROGRESS);
    await systemClock.sleep(random.next() * MAX_LONGER_MS);
  } finally {
    cluster.heal();
  }
}
