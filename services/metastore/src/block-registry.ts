import { InvalidArgumentError, invariant } from "@hearth/errors";
import { blockObjectKey, ObjectNotFoundError, type ObjectStore } from "@hearth/object-store";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import type { BlockMeta } from "@hearth/block";
import { Semaphore, ulidTimeMs, type Clock } from "@hearth/runtime";
import type { CommandProposer } from "./command-proposer.ts";
import { checkWireBlock } from "./index-state/check-wire-block.ts";
import { encodeAddBlocks, REQUEST_ID_BYTES } from "./index-state/command-codec.ts";
import type { BlockRefusal } from "./index-state/command-result.ts";
import type { MetastoreMetrics } from "./metrics.ts";

export interface BlockRegistryDeps {
  readonly proposer: CommandProposer;
  readonly objectStore: Pick<ObjectStore, "head">;
  readonly clock: Clock;
  readonly metrics: MetastoreMetrics;
}

/** The refusal of a block whose object is not in the bucket. */
export const OBJECT_GONE = "there is no such object: it was compacted and deleted, or never stored";

/**
 * A block whose id is older than this is looked up in the bucket before it is registered. Tombstones are remembered until
 * their ids are older by far, so that a block that was compacted and deleted cannot come back: see docs/compaction.md.
 */
const TRUSTED_AGE_MS = 60 * 60 * 1_000;
const LOOKUPS = 16;

/**
 * Whether the object of a block has to be seen before the block is registered.
 *
 * @param now.logMs - the time of the log, by which tombstones are forgotten: it may be hours ahead of the clock.
 */
export function mustBeLookedUp(
  id: string,
  now: { readonly wallMs: number; readonly logMs: number },
): boolean {
  return Math.max(now.wallMs, now.logMs) - ulidTimeMs(id) > TRUSTED_AGE_MS;
}

export interface Registration {
  /** {@link REQUEST_ID_BYTES}, the same for each retry; or none. */
  readonly requestId: Uint8Array;
  /**
   * Whether the caller read the objects of the blocks within the last minutes. What was there then and was deleted since has a
   * tombstone that is remembered, so that nothing is looked up again.
   */
  readonly objectsWereRead: boolean;
}

/** Registers blocks: checks them, and has the command proposed. */
export class BlockRegistry {
  readonly #deps: BlockRegistryDeps;

  constructor(deps: BlockRegistryDeps) {
    this.#deps = deps;
  }

  /**
   * @returns the blocks that are not valid, or not there, and why. All others are registered, for good.
   * @throws {InvalidArgumentError} if the request is too large or the id has another length.
   * @throws {UnavailableError} when blocks are not, or perhaps not, registered: try again.
   */
  async register(
    blocks: readonly WireBlockMeta[],
    { requestId, objectsWereRead }: Registration,
    signal: AbortSignal,
  ): Promise<readonly BlockRefusal[]> {
    if (requestId.length !== 0 && requestId.length !== REQUEST_ID_BYTES) {
      throw new InvalidArgumentError(`the request id must be 16 bytes long: length=${requestId.length}`);
    }
    const { valid, refusals } = partition(blocks);
    const gone = objectsWereRead ? new Set<string>() : await this.#findGone(valid, signal);
    for (const id of gone) refusals.push({ block: id, reason: OBJECT_GONE });
    if (refusals.length > 0) this.#deps.metrics.refusedBlocks.inc(refusals.length);
    const present = valid.flatMap(({ wire }) => (gone.has(wire.id) ? [] : [wire]));
    if (present.length === 0) return refusals;
    const result = await this.#deps.proposer.propose(
      (envelope) => encodeAddBlocks(present, { ...envelope, requestId }),
      signal,
    );
    invariant(result.type === "blocks-added", `registering came to ${result.type}`);
    return [...refusals, ...result.refusals];
  }

  /** Of blocks that are old, those without an object. */
  async #findGone(blocks: readonly ValidBlock[], signal: AbortSignal): Promise<ReadonlySet<string>> {
    const { clock, objectStore, proposer } = this.#deps;
    const now = { wallMs: clock.nowMs(), logMs: proposer.logMs };
    const old = blocks.filter(({ block }) => mustBeLookedUp(block.id, now));
    const gone = new Set<string>();
    const lookups = new Semaphore(LOOKUPS);
    const look = async ({ block }: ValidBlock): Promise<void> => {
      try {
        await lookups.run(() => objectStore.head(blockObjectKey(block), signal), signal);
      } catch (error) {
        if (!(error instanceof ObjectNotFoundError)) throw error;
        gone.add(block.id);
      }
    };
    await Promise.all(old.map(look));
    return gone;
  }
}

interface ValidBlock {
  readonly wire: WireBlockMeta;
  readonly block: BlockMeta;
}

function partition(blocks: readonly WireBlockMeta[]): { valid: ValidBlock[]; refusals: BlockRefusal[] } {
  const valid: ValidBlock[] = [];
  const refusals: BlockRefusal[] = [];
  for (const wire of blocks) {
    const checked = checkWireBlock(wire);
    if (checked.type === "valid") valid.push({ wire, block: checked.block });
    else refusals.push({ block: checked.id, reason: checked.reason });
  }
  return { valid, refusals };
}
