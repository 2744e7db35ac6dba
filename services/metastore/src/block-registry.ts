import { InvalidArgumentError } from "@hearth/errors";
import { assertNever } from "@hearth/errors";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { deadline, type Clock } from "@hearth/runtime";
import {
  checkWireBlock,
  encodeAddBlocks,
  MAX_COMMAND_BYTES,
  REQUEST_ID_BYTES,
} from "./index-state/command-codec.ts";
import type { BlockRefusal, CommandResult } from "./index-state/command-result.ts";
import { LeaderClock } from "./leader-clock.ts";
import type { MetastoreStateMachine } from "./metastore-state-machine.ts";
import type { MetastoreMetrics } from "./metrics.ts";
import type { ReplicatedLog } from "./replicated-log/replicated-log.ts";

export interface BlockRegistryDeps {
  readonly log: ReplicatedLog<CommandResult>;
  readonly stateMachine: MetastoreStateMachine;
  readonly clock: Clock;
  /** In which version a command is to be written now. */
  readonly commandVersion: () => number;
  readonly metrics: MetastoreMetrics;
}

/** Registers blocks: checks them, stamps the command, proposes it and waits. */
export class BlockRegistry {
  readonly #deps: BlockRegistryDeps;
  readonly #leaderClock: LeaderClock;
  readonly #applyTimeoutMs: number;

  constructor(deps: BlockRegistryDeps, settings: { applyTimeoutMs: number }) {
    this.#deps = deps;
    this.#leaderClock = new LeaderClock(deps.clock, () => deps.metrics.clampedStamps.inc());
    this.#applyTimeoutMs = settings.applyTimeoutMs;
  }

  /**
   * @param requestId - {@link REQUEST_ID_BYTES}, the same for each retry; or none.
   * @returns the blocks that are not valid, and why. All others are registered, for good.
   * @throws {InvalidArgumentError} if the request is too large or the id has another length.
   * @throws {UnavailableError} when blocks are not, or perhaps not, registered: try again.
   */
  async register(
    blocks: readonly WireBlockMeta[],
    requestId: Uint8Array,
    signal: AbortSignal,
  ): Promise<readonly BlockRefusal[]> {
    if (requestId.length !== 0 && requestId.length !== REQUEST_ID_BYTES) {
      throw new InvalidArgumentError(`the request id must be 16 bytes long: length=${requestId.length}`);
    }
    const { valid, refusals } = partition(blocks);
    if (refusals.length > 0) this.#deps.metrics.refusedBlocks.inc(refusals.length);
    if (valid.length === 0) return refusals;
    const result = await this.#propose(valid, requestId, signal);
    switch (result.type) {
      case "blocks-added":
        return [...refusals, ...result.refusals];
      case "rejected":
        throw new InvalidArgumentError(result.reason);
      case "unsupported":
        throw new InvalidArgumentError(`unsupported command: version=${result.version}`);
      default:
        return assertNever(result);
    }
  }

  async #propose(
    blocks: readonly WireBlockMeta[],
    requestId: Uint8Array,
    signal: AbortSignal,
  ): Promise<CommandResult> {
    const { log, stateMachine, clock, commandVersion, metrics } = this.#deps;
    using limited = deadline(this.#applyTimeoutMs, signal);
    const startMs = clock.monotonicMs();
    // Stamp and proposal in one turn: commands enter the log in the order of their stamps.
    const stampNanos = this.#leaderClock.stamp(stateMachine.state.lastStampNanos);
    const command = encodeAddBlocks(blocks, { version: commandVersion(), stampNanos, requestId });
    if (command.length > MAX_COMMAND_BYTES) {
      throw new InvalidArgumentError(
        `the blocks' metadata is too large: size_bytes=${command.length} limit_bytes=${MAX_COMMAND_BYTES}`,
      );
    }
    const result = await log.propose(command, limited.signal);
    metrics.applyCommandSeconds.observe((clock.monotonicMs() - startMs) / 1000);
    return result;
  }
}

function partition(blocks: readonly WireBlockMeta[]): {
  valid: WireBlockMeta[];
  refusals: BlockRefusal[];
} {
  const valid: WireBlockMeta[] = [];
  const refusals: BlockRefusal[] = [];
  for (const block of blocks) {
    const checked = checkWireBlock(block);
    if (checked.type === "valid") valid.push(block);
    else refusals.push({ block: checked.id, reason: checked.reason });
  }
  return { valid, refusals };
}
