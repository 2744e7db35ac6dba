import { fromBinary } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import { assertNever, UnavailableError } from "@hearth/errors";
import {
  blockKeyOfLetter,
  ObjectNotFoundError,
  type LetterKey,
  type ObjectInfo,
  type ObjectStore,
} from "@hearth/object-store";
import { BlockMetaSchema, type BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import type { Clock, Random } from "@hearth/runtime";
import { checkWireBlock } from "../index-state/check-wire-block.ts";
import { readBlock } from "../rebuild/read-block.ts";

export interface LetterReaderDeps {
  readonly objectStore: Pick<ObjectStore, "get" | "getRange" | "head">;
  readonly clock: Clock;
  readonly random: Random;
}

export type LetterOutcome =
  /** A block that may be registered. */
  | { readonly type: "read"; readonly block: WireBlockMeta }
  /** Somebody else was faster. */
  | { readonly type: "gone" }
  /** Neither the letter nor the object of its block says what to register. */
  | { readonly type: "refused"; readonly reason: string };

/**
 * Reads the metadata that a dead letter carries. When it makes no sense, the block is asked, which carries its own.
 *
 * @throws errors of the bucket that may go away, and the signal's reason.
 */
export async function readLetter(
  deps: LetterReaderDeps,
  { key, letter }: { key: string; letter: LetterKey },
  signal: AbortSignal,
): Promise<LetterOutcome> {
  let bytes;
  try {
    bytes = await deps.objectStore.get(key, signal);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return { type: "gone" };
    throw error;
  }
  const read = decodeLetter(bytes, letter);
  if (read.type === "read") return read;
  const carried = await readCarriedMeta(deps, blockKeyOfLetter(letter), signal);
  return carried.type === "read" ? carried : { type: "refused", reason: `${read.reason}; ${carried.reason}` };
}

const NOT_THERE = { type: "refused", reason: "its block is not there" } as const;

type Read = Exclude<LetterOutcome, { type: "gone" }>;

function decodeLetter(bytes: Uint8Array, letter: LetterKey): Read {
  let block;
  try {
    block = fromBinary(BlockMetaSchema, bytes);
  } catch {
    return { type: "refused", reason: "the metadata is not readable" };
  }
  if (block.id !== letter.id) return { type: "refused", reason: "the metadata is of another block" };
  const checked = checkWireBlock(block);
  return checked.type === "valid" ? { type: "read", block } : { type: "refused", reason: checked.reason };
}

async function readCarriedMeta(deps: LetterReaderDeps, key: string, signal: AbortSignal): Promise<Read> {
  let info: ObjectInfo;
  try {
    info = await deps.objectStore.head(key, signal);
  } catch (error) {
    if (error instanceof ObjectNotFoundError) return NOT_THERE;
    throw error;
  }
  const outcome = await readBlock(deps, { key, sizeBytes: info.sizeBytes }, signal);
  switch (outcome.type) {
    case "read":
      return { type: "read", block: blockMetaToWire(outcome.meta) };
    case "gone":
      return NOT_THERE;
    case "refused": {
      const { kind, reason } = outcome.refusal;
      if (kind === "unreadable") throw new UnavailableError(`${reason}: key=${key}`);
      return { type: "refused", reason: `its block is ${kind}: ${reason}` };
    }
    default:
      return assertNever(outcome);
  }
}
