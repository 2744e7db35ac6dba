import { describe, expect, it } from "@jest/globals";
import { seededRandom, type Random } from "@hearth/runtime";
import { SimulatedNode } from "../support/simulated-node.ts";

const SEEDS = 200;
const everyKey = { from: Uint8Array.of(0), to: Uint8Array.of(255) };

const pick = <T>(items: readonly T[], random: Random): T | undefined =>
  items[Math.floor(random.next() * items.length)];

/** Runs a node for a while. @returns what it acknowledged. */
async function grow(node: SimulatedNode, random: Random): Promise<string[]> {
  await node.log.start();
  const acknowledged: string[] = [];
  for (let n = Math.floor(random.next() * 20); n >= 0; n--) {
    await node.propose(`command ${n}`);
    acknowledged.push(`command ${n}`);
    if (random.next() < 0.2) await node.takeSnapshot();
  }
  return acknowledged;
}

/** Flips one bit of one value or file, or loses it. @returns where. */
function rot(node: SimulatedNode, random: Random): "log" | "hard state" | "snapshot" {
  const where = random.next();
  if (where < 0.6) {
    const [key] = pick(node.kv.entries(everyKey), random) ?? [];
    if (key) node.kv.damage(key, (value) => (random.next() < 0.3 ? undefined : flipped(value, random)));
    return "log";
  }
  if (where < 0.8 || node.snapshots.names().length === 0) {
    rotFile(node.directory, random);
    return "hard state";
  }
  rotFile(node.snapshots, random);
  return "snapshot";
}

function rotFile(directory: SimulatedNode["directory"], random: Random): void {
  const name = pick(directory.names(), random) ?? "";
  const bitCount = (directory.content(name)?.length ?? 0) * 8;
  directory.damage(name, random.next() < 0.2 ? bitCount : Math.floor(random.next() * bitCount));
}

function flipped(value: Uint8Array, random: Random): Uint8Array {
  const bit = Math.floor(random.next() * value.length * 8);
  value[Math.floor(bit / 8)]! ^= 1 << (bit % 8);
  return value;
}

/** What a start after damage came to, in one word; anything else is a wrong answer. */
async function verdict(node: SimulatedNode, acknowledged: readonly string[]): Promise<string> {
  const { role, problem } = node.log.status();
  if (role === "leader") {
    return node.machine.applied.join() === acknowledged.join() ? "harmless" : "wrong state";
  }
  if (role !== "corrupt" || problem?.includes("reason=") !== true) return `role ${role}: ${problem}`;
  const answers = await Promise.allSettled([node.propose("after"), node.readIndex()]);
  return answers.every(({ status }) => status === "rejected") ? "refused" : "answers although refused";
}

describe("one damaged or lost value or file", () => {
  it("is refused with a reason or does no harm, never a wrong state", async () => {
    const seen = new Map<string, number>();
    const count = (what: string): Map<string, number> => seen.set(what, (seen.get(what) ?? 0) + 1);
    for (let seed = 0; seed < SEEDS; seed++) {
      const random = seededRandom(seed);
      const node = new SimulatedNode(random);
      const acknowledged = await grow(node, random);
      node.crash();
      count(`in the ${rot(node, random)}`);
      node.boot();
      await node.log.start();
      const outcome = await verdict(node, acknowledged);
      expect({ seed, outcome }).toEqual({ seed, outcome: expect.stringMatching(/^(?:harmless|refused)$/) });
      count(outcome);
    }
    const kinds = ["harmless", "in the hard state", "in the log", "in the snapshot", "refused"];
    expect([...seen.keys()].toSorted()).toEqual(kinds);
    expect(Math.min(...seen.values())).toBeGreaterThan(SEEDS / 20);
  });
});
