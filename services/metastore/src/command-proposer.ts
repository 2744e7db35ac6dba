import { InvalidArgumentError } from "@hearth/errors";
import { deadline, type Clock } from "@hearth/runtime";
import { MAX_COMMAND_BYTES } from "./index-state/command-codec.ts";
import type { CommandEnvelope } from "./index-state/command-codec.ts";
import type { CommandResult } from "./index-state/command-result.ts";
import { LeaderClock } from "./leader-clock.ts";
import type { MetastoreStateMachine } from "./metastore-state-machine.ts";
import type { MetastoreMetrics } from "./metrics.ts";
import type { ReplicatedLog } from "./replicated-log/replicated-log.ts";

export interface CommandProposerDeps {
  readonly log: ReplicatedLog<CommandResult>;
  readonly stateMachine: MetastoreStateMachine;
  readonly clock: Clock;
  /** In which version a command is to be written now. */
  readonly commandVersion: () => number;
  readonly metrics: MetastoreMetrics;
}

/** Stamps commands, proposes them and waits for what they come to. One for all commands of a process: stamps rise along the log. */
export class CommandProposer {
  readonly #deps: CommandProposerDeps;
  readonly #leaderClock: LeaderClock;
  readonly #applyTimeoutMs: number;

  constructor(deps: CommandProposerDeps, settings: { applyTimeoutMs: number }) {
    this.#deps = deps;
    this.#leaderClock = new LeaderClock(deps.clock, () => deps.metrics.clampedStamps.inc());
    this.#applyTimeoutMs = settings.applyTimeoutMs;
  }

  get commandVersion(): number {
    return this.#deps.commandVersion();
  }

  /** The time of the log as far as it is applied here, Unix milliseconds. */
  get logMs(): number {
    return this.#deps.stateMachine.state.lastStampMs;
  }

  /**
   * @param encode - makes the command; called once, in the turn in which it is proposed.
   * @throws {InvalidArgumentError} when the command is too large, or no node of this version can apply it.
   * @throws {UnavailableError} when it is not, or perhaps not, applied.
   */
  async propose(
    encode: (envelope: Pick<CommandEnvelope, "version" | "stampNanos">) => Uint8Array,
    signal: AbortSignal,
  ): Promise<Exclude<CommandResult, { type: "rejected" | "unsupported" }>> {
    const { log, stateMachine, clock, metrics } = this.#deps;
    using limited = deadline(this.#applyTimeoutMs, signal);
    const startMs = clock.monotonicMs();
    // Stamp and proposal in one turn: commands enter the log in the order of their stamps.
    const stampNanos = this.#leaderClock.stamp(stateMachine.state.lastStampNanos);
    const command = encode({ version: this.commandVersion, stampNanos });
    if (command.length > MAX_COMMAND_BYTES) {
      throw new InvalidArgumentError(
        `the blocks' metadata is too large: size_bytes=${command.length} limit_bytes=${MAX_COMMAND_BYTES}`,
      );
    }
    const result = await log.propose(command, limited.signal);
    metrics.applyCommandSeconds.observe((clock.monotonicMs() - startMs) / 1000);
    if (result.type === "rejected") throw new InvalidArgumentError(result.reason);
    if (result.type === "unsupported") {
      throw new InvalidArgumentError(`unsupported command: version=${result.version}`);
    }
    return result;
  }
}
