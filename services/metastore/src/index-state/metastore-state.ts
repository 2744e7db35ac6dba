import { AppliedResults, type AppliedResult } from "./applied-results.ts";
import { BlockIndex } from "./block-index.ts";
import { decodeCommand, type CheckedBlock } from "./command-codec.ts";
import type { BlockRefusal, CommandResult } from "./command-result.ts";
import type { PartitionCapture } from "./partition.ts";
import { DigestSum, ELEMENT, ElementHash } from "./state-digest.ts";

/** A state as it was, to be encoded while the state moves on. */
export interface StateCapture {
  readonly lastStampNanos: bigint;
  readonly results: readonly AppliedResult[];
  /** In the order of their numbers. */
  readonly partitions: readonly (readonly [number: number, partition: PartitionCapture])[];
}

const NONE_REFUSED: CommandResult = { type: "blocks-added", refusals: [] };
const NANOS_PER_MS = 1_000_000n;

/**
 * The replicated state machine: everything that the metastore knows. It changes by {@link apply} alone, which is a total
 * and deterministic function of the state and the command: the same log makes the same state on every node, whatever
 * is in it. It reads no clock; time is what the leader stamped.
 */
export class MetastoreState {
  readonly index: BlockIndex;
  readonly #results: AppliedResults;
  /** The latest stamp of any command. */
  #lastStampNanos: bigint;

  constructor(from = { index: new BlockIndex(), results: new AppliedResults(), lastStampNanos: 0n }) {
    this.index = from.index;
    this.#results = from.results;
    this.#lastStampNanos = from.lastStampNanos;
  }

  get lastStampNanos(): bigint {
    return this.#lastStampNanos;
  }

  /** Applies a committed command. Applying one again changes nothing. */
  apply(bytes: Uint8Array): CommandResult {
    const command = decodeCommand(bytes);
    if (command.type === "unsupported") return command;
    if (command.type === "invalid") return { type: "rejected", reason: command.reason };
    const known = this.#results.find(command.requestId, command.bodyCrc);
    if (known) return known;
    this.#advanceTime(command.stampNanos);
    const result = this.#addBlocks(command.blocks);
    const { requestId, bodyCrc } = command;
    if (requestId !== "") this.#results.remember({ requestId, bodyCrc, result });
    return result;
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
    return sum.toString();
  }

  capture(): StateCapture {
    return {
      lastStampNanos: this.#lastStampNanos,
      results: this.#results.all(),
      partitions: this.index.partitions().map(([number, partition]) => [number, partition.capture()]),
    };
  }

  #addBlocks(blocks: readonly CheckedBlock[]): CommandResult {
    const stampMs = Number(this.#lastStampNanos / NANOS_PER_MS);
    const refusals: BlockRefusal[] = [];
    for (const checked of blocks) {
      if (checked.type === "valid") this.index.add(checked.block, stampMs);
      else refusals.push({ block: checked.id, reason: checked.reason });
    }
    return refusals.length === 0 ? NONE_REFUSED : { type: "blocks-added", refusals };
  }

  /** Time never goes back, even if a leader stamped so. */
  #advanceTime(stampNanos: bigint): void {
    if (stampNanos > this.#lastStampNanos) this.#lastStampNanos = stampNanos;
  }
}
