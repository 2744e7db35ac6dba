import { assertNever } from "@hearth/errors";
import { Compaction, type CompactionCapture } from "../compaction/compaction.ts";
import { Deletions, type DeletionsCapture } from "../deletions/deletions.ts";
import { AppliedResults, type AppliedResult, type RememberedResult } from "./applied-results.ts";
import { BlockIndex } from "./block-index.ts";
import type { CheckedBlock } from "./check-wire-block.ts";
import { decodeCommand } from "./command-codec.ts";
import type { BlockRefusal, CommandResult } from "./command-result.ts";
import type { PartitionCapture } from "./partition.ts";
import { DigestSum, ELEMENT, ElementHash } from "./state-digest.ts";

/** A state as it was, to be encoded while the state moves on. */
export interface StateCapture {
  readonly lastStampNanos: bigint;
  readonly results: readonly AppliedResult[];
  /** In the order of their numbers. */
  readonly partitions: readonly (readonly [number: number, partition: PartitionCapture])[];
  readonly compaction: CompactionCapture;
  readonly deletions: DeletionsCapture;
}

/** What a state is made of. */
export interface StateParts {
  readonly index: BlockIndex;
  /** Both of the same index. */
  readonly compaction: Compaction;
  readonly deletions: Deletions;
  readonly results: AppliedResults;
  readonly lastStampNanos: bigint;
}

const NONE_REFUSED: RememberedResult = { type: "blocks-added", refusals: [] };
const NANOS_PER_MS = 1_000_000n;

/**
 * The replicated state machine: everything that the metastore knows. It changes by {@link apply} alone, which is a total
 * and deterministic function of the state and the command: the same log makes the same state on every node, whatever
 * is in it. It reads no clock; time is what the leader stamped.
 */
export class MetastoreState {
  readonly index: BlockIndex;
  readonly compaction: Compaction;
  readonly deletions: Deletions;
  readonly #results: AppliedResults;
  /** The latest stamp of any command. */
  #lastStampNanos: bigint;

  constructor(from: StateParts = emptyParts()) {
    this.index = from.index;
    this.compaction = from.compaction;
    this.deletions = from.deletions;
    this.#results = from.results;
    this.#lastStampNanos = from.lastStampNanos;
  }

  get lastStampNanos(): bigint {
    return this.#lastStampNanos;
  }

  get lastStampMs(): number {
    return Number(this.#lastStampNanos / NANOS_PER_MS);
  }

  /** Applies a committed command. Registering again changes nothing. */
  apply(bytes: Uint8Array): CommandResult {
    const command = decodeCommand(bytes);
    if (command.type === "unsupported") return command;
    if (command.type === "invalid") return { type: "rejected", reason: command.reason };
    const { requestId, bodyCrc } = command;
    const known = this.#results.find(requestId, bodyCrc);
    if (known) return known;
    this.#advanceTime(command.stampNanos);
    switch (command.type) {
      case "add-blocks": {
        const result = this.#addBlocks(command.blocks);
        if (requestId !== "") this.#results.remember({ requestId, bodyCrc, result });
        return result;
      }
      case "poll-jobs":
        return { type: "jobs-polled", ...this.compaction.poll(command.poll, this.lastStampMs) };
      case "expire-blocks": {
        const gone = this.compaction.expire(command.expiry, this.lastStampMs);
        const isComplete = gone < command.expiry.maxBlocks;
        return { type: "blocks-expired", blockCount: gone, isComplete };
      }
      case "note-orphans":
        return { type: "orphans-noted", ...this.compaction.noteOrphans(command.notes, this.lastStampMs) };
      case "release-blocks":
        return { type: "blocks-released", blockCount: this.compaction.release(command.ids) };
      case "plan-tiers":
        return { type: "tiers-planned", ...this.compaction.planTiers(command.plan) };
      case "request-deletion":
        return this.deletions.request(command.request, this.lastStampMs);
      default:
        return assertNever(command);
    }
  }

  /** Of all that a snapshot holds: equal states have equal digests. Costs a few hashes per partition. */
  digest(): string {
    const sum = new DigestSum();
    const hash = new ElementHash();
    for (const [number, { digest, vocabulary }] of this.index.partitions()) {
      sum.add(hash.begin(ELEMENT.partition).integer(number).words(digest).words(vocabulary.digest).end());
    }
    sum.add(hash.begin(ELEMENT.result).words(this.#results.digest).end());
    sum.add(hash.begin(ELEMENT.stamp).text(String(this.#lastStampNanos)).end());
    this.compaction.addToDigest(sum);
    this.deletions.addToDigest(sum, hash);
    return sum.toString();
  }

  capture(): StateCapture {
    return {
      lastStampNanos: this.#lastStampNanos,
      results: this.#results.all(),
      partitions: this.index.partitions().map(([number, partition]) => [number, partition.capture()]),
      compaction: this.compaction.capture(),
      deletions: this.deletions.capture(),
    };
  }

  #addBlocks(blocks: readonly CheckedBlock[]): RememberedResult {
    const refusals: BlockRefusal[] = [];
    for (const checked of blocks) {
      const id = checked.type === "valid" ? checked.block.id : checked.id;
      const reason =
        checked.type === "valid" ? this.compaction.addBlock(checked.block, this.lastStampMs) : checked.reason;
      if (reason !== undefined) refusals.push({ block: id, reason });
    }
    return refusals.length === 0 ? NONE_REFUSED : { type: "blocks-added", refusals };
  }

  /** Time never goes back, even if a leader stamped so. */
  #advanceTime(stampNanos: bigint): void {
    const beforeMs = this.lastStampMs;
    if (stampNanos > this.#lastStampNanos) this.#lastStampNanos = stampNanos;
    this.compaction.orphans.step(beforeMs, this.lastStampMs);
  }
}

function emptyParts(): StateParts {
  const index = new BlockIndex();
  const deletions = new Deletions(index);
  const compaction = new Compaction(index, deletions);
  return { index, compaction, deletions, results: new AppliedResults(), lastStampNanos: 0n };
}
