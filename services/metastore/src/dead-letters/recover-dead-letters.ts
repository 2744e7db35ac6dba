import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import {
  DEAD_LETTERS_PREFIX,
  ObjectNotFoundError,
  parseObjectKey,
  refusedLetterKey,
  type LetterKey,
  type ObjectStore,
} from "@hearth/object-store";
import type { Clock, Random } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";
import { OBJECT_GONE, type BlockRegistry } from "../block-registry.ts";
import { GIVEN_UP } from "../compaction/compaction.ts";
import type { MetastoreMetrics } from "../metrics.ts";
import { readLetter } from "./read-letter.ts";

export interface DeadLetterDeps {
  readonly objectStore: ObjectStore;
  readonly registry: Pick<BlockRegistry, "register">;
  readonly metrics: Pick<MetastoreMetrics, "deadLetters">;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly random: Random;
}

/** Letters whose blocks go into one command. */
const BATCH = 64;

interface Letter {
  readonly key: string;
  readonly letter: LetterKey;
}

interface ReadableLetter extends Letter {
  readonly block: WireBlockMeta;
}

/**
 * Registers the blocks whose writers could not, and removes their letters. A letter goes only after its block is registered,
 * so a crash in between costs a second registration, which changes nothing. A letter whose block was compacted and
 * deleted meanwhile goes too, and so does one that came when its block was given up already: a sweep that finds the letter
 * never gives it up. One that cannot be registered, whatever is tried, is put aside for a human, and never deleted.
 *
 * @throws errors of the bucket and of the registration; the next call begins anew.
 */
export async function recoverDeadLetters(deps: DeadLetterDeps, signal: AbortSignal): Promise<void> {
  let batch: ReadableLetter[] = [];
  for await (const entry of deps.objectStore.list(DEAD_LETTERS_PREFIX, {}, signal)) {
    const letter = entry.type === "object" ? parseObjectKey(entry.key) : undefined;
    if (entry.type !== "object" || letter?.type !== "deadLetter") continue;
    const found = { key: entry.key, letter };
    const outcome = await readLetter(deps, found, signal);
    if (outcome.type === "refused") await putAside(deps, found, outcome.reason, signal);
    if (outcome.type !== "read") continue;
    batch.push({ ...found, block: outcome.block });
    if (batch.length < BATCH) continue;
    await registerLetters(deps, batch, signal);
    batch = [];
  }
  if (batch.length > 0) await registerLetters(deps, batch, signal);
}

async function registerLetters(
  deps: DeadLetterDeps,
  letters: readonly ReadableLetter[],
  signal: AbortSignal,
): Promise<void> {
  const blocks = letters.map(({ block }) => block);
  let refusals;
  try {
    const registration = { requestId: new Uint8Array(), objectsWereRead: false };
    refusals = await deps.registry.register(blocks, registration, signal);
  } catch (error) {
    deps.metrics.deadLetters.inc({ status: "error" }, letters.length);
    throw error;
  }
  const refused = new Map(refusals.map(({ block, reason }) => [block, reason]));
  for (const letter of letters) {
    const reason = refused.get(letter.block.id);
    if (!isSettled(reason)) {
      await putAside(deps, letter, reason, signal);
      continue;
    }
    await deps.objectStore.delete(letter.key, signal);
    deps.metrics.deadLetters.inc({ status: STATUS[reason ?? "registered"] });
    if (reason === GIVEN_UP)
      deps.logger.error("the block of a dead letter is lost: it came too late", { key: letter.key });
  }
}

/** As metrics tell it. */
const STATUS = { registered: "registered", [OBJECT_GONE]: "gone", [GIVEN_UP]: "given_up" } as const;

/** Whether a letter has done its duty. @param refusal - why its block was not registered; undefined when it was. */
export function isSettled(
  refusal: string | undefined,
): refusal is typeof OBJECT_GONE | typeof GIVEN_UP | undefined {
  return refusal === undefined || refusal === OBJECT_GONE || refusal === GIVEN_UP;
}

/** Copies before it removes: after a crash in between it is done again. */
async function putAside(
  { objectStore, metrics, logger }: DeadLetterDeps,
  { key, letter }: Letter,
  reason: string,
  signal: AbortSignal,
): Promise<void> {
  const refusedKey = refusedLetterKey(letter);
  try {
    await objectStore.put(refusedKey, await objectStore.get(key, signal), {}, signal);
  } catch (error) {
    // Another node was faster.
    if (error instanceof ObjectNotFoundError) return;
    throw error;
  }
  await objectStore.delete(key, signal);
  metrics.deadLetters.inc({ status: "refused" });
  logger.error("a dead letter cannot be registered, and is put aside", { key: refusedKey, reason });
}
