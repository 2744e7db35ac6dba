import { Buffer } from "node:buffer";
import { encodeAddBlocks } from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { hashOfState } from "../../src/index-state/snapshot-codec.ts";
import { seededRandom, type Random } from "@hearth/runtime";
import { CPU, dataset, labelsOf, MEMORY, START_MS, ulidAt, wireBlock } from "./blocks.ts";

export interface FuzzOutcome {
  readonly answers: number;
  readonly added: number;
  readonly rejected: number;
}

/** After this many commands, each is applied once more and the state compared. */
const COMPARE_EVERY = 50;

/**
 * Applies random, valid and mutated commands. Short in the tests of a change; give a larger `count` for a long run.
 *
 * @throws if applying throws, or if applying a command a second time changes the state.
 */
export function fuzzCommands(options: { seed: number; count: number }): FuzzOutcome {
  const random = seededRandom(options.seed);
  const state = new MetastoreState();
  const counts = { answers: 0, added: 0, rejected: 0 };
  for (let n = 0; n < options.count; n++) {
    const command = fuzzedCommand(random);
    const result = state.apply(command);
    counts.answers++;
    if (result.type === "blocks-added") counts.added++;
    if (result.type === "rejected") counts.rejected++;
    if (n % COMPARE_EVERY === 0) checkRepeat(state, command, options.seed);
  }
  return counts;
}

/** A valid command: up to three blocks, some of them known already, with or without a request id. */
export function randomCommand(random: Random): Uint8Array {
  const blocks = Array.from({ length: Math.floor(random.next() * 4) }, () => randomBlock(random));
  const requestId = random.next() < 0.5 ? new Uint8Array(16).fill(random.next() * 20) : new Uint8Array();
  const stampNanos = BigInt(START_MS + Math.floor(random.next() * 1e9)) * 1_000_000n;
  return encodeAddBlocks(blocks, { version: 1, stampNanos, requestId });
}

function checkRepeat(state: MetastoreState, command: Uint8Array, seed: number): void {
  const before = hashOfState(state.capture());
  state.apply(command);
  if (hashOfState(state.capture()) !== before) {
    throw new Error(
      `applied twice, the state changed: seed=${seed} command=${Buffer.from(command).toString("hex")}`,
    );
  }
}

function fuzzedCommand(random: Random): Uint8Array {
  const kind = random.next();
  if (kind < 0.1) return randomBytes(random, Math.floor(random.next() * 200));
  const command = randomCommand(random);
  if (kind < 0.3) return command;
  if (kind < 0.4) return command.subarray(0, Math.floor(random.next() * command.length));
  for (let left = 1 + Math.floor(random.next() * 4); left > 0 && command.length > 0; left--) {
    command[Math.floor(random.next() * command.length)] = random.next() * 256;
  }
  return command;
}

function randomBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not the fill of an array
  random.fill(bytes);
  return bytes;
}

function randomBlock(random: Random): ReturnType<typeof wireBlock> {
  const createdMs = START_MS + Math.floor(random.next() * 5) * 10_000_000;
  const id = ulidAt(createdMs, seededRandom(Math.floor(random.next() * 50)));
  const service = `service-${Math.floor(random.next() * 3)}`;
  const tenant = `tenant-${Math.floor(random.next() * 3)}`;
  const labelSets = [labelsOf(service, random.next() < 0.5 ? CPU : MEMORY)];
  const isOwn = random.next() < 0.3;
  return wireBlock(id, {
    shard: 1 + Math.floor(random.next() * 3),
    level: isOwn ? 1 : 0,
    tenant: isOwn ? tenant : "",
    datasets: [dataset({ tenant, service, labelSets })],
  });
}
