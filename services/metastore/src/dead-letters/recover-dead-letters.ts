import { fromBinary } from "@bufbuild/protobuf";
import { BlockMetaSchema, type BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import {
  DEAD_LETTERS_PREFIX,
  ObjectNotFoundError,
  parseObjectKey,
  type ObjectStore,
} from "@hearth/object-store";
import type { Logger } from "@hearth/telemetry";
import { OBJECT_GONE, type BlockRegistry } from "../block-registry.ts";
import { GIVEN_UP } from "../compaction/compaction.ts";
import type { MetastoreMetrics } from "../metrics.ts";

export interface DeadLetterDeps {
  readonly objectStore: ObjectStore;
  readonly registry: BlockRegistry;
  readonly metrics: MetastoreMetrics;
  readonly logger: Logger;
}

/** Letters whose blocks go into one command. */
const BATCH = 64;

interface Letter {
  readonly key: string;
  readonly block: WireBlockMeta;
}

/**
 * Registers the blocks whose writers could not, and removes their letters. A letter goes only after its block is registered,
 * so a crash in between costs a second registration, which changes nothing. A letter whose block was compacted and
 * deleted meanwhile goes too, and so does one that came when its block was given up already: a sweep that finds the letter
 * never gives it up. What is not valid stays for a human.
 *
 * @throws errors of the bucket and of the registration; the next call begins anew.
 */
export async function recoverDeadLetters(deps: DeadLetterDeps, signal: AbortSignal): Promise<void> {
  let batch: Letter[] = [];
  for await (const entry of deps.objectStore.list(DEAD_LETTERS_PREFIX, {}, signal)) {
    if (entry.type !== "object" || parseObjectKey(entry.key)?.type !== "deadLetter") continue;
    const letter = await readLetter(deps, entry.key, signal);
    if (!letter) continue;
    batch.push(letter);
    if (batch.length < BATCH) continue;
    await registerLetters(deps, batch, signal);
    batch = [];
  }
  if (batch.length > 0) await registerLetters(deps, batch, signal);
}

async function registerLetters(
  deps: DeadLetterDeps,
  letters: readonly Letter[],
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
  for (const { key, block } of letters) {
    const reason = refused.get(block.id);
    if (!isSettled(reason)) {
      reportInvalid(deps, key, reason);
      continue;
    }
    await deps.objectStore.delete(key, signal);
    deps.metrics.deadLetters.inc({ status: STATUS[reason ?? "registered"] });
    if (reason === GIVEN_UP)
      deps.logger.error("the block of a dead letter is lost: it came too late", { key });
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

async function readLetter(
  deps: DeadLetterDeps,
  key: string,
  signal: AbortSignal,
): Promise<Letter | undefined> {
  let bytes;
  try {
    bytes = await deps.objectStore.get(key, signal);
  } catch (error) {
    // Another node was faster.
    if (error instanceof ObjectNotFoundError) return undefined;
    throw error;
  }
  try {
    const block = fromBinary(BlockMetaSchema, bytes);
    const parsed = parseObjectKey(key);
    if (parsed?.type === "deadLetter" && parsed.id === block.id) return { key, block };
    reportInvalid(deps, key, "the metadata is of another block");
  } catch {
    reportInvalid(deps, key, "the metadata is not readable");
  }
  return undefined;
}

function reportInvalid(deps: DeadLetterDeps, key: string, reason: string): void {
  deps.metrics.deadLetters.inc({ status: "invalid" });
  deps.logger.warn("dead letter is not valid", { key, reason });
}
