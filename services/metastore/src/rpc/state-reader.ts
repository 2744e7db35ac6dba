import type { Clock } from "@hearth/runtime";
import type { CommandResult } from "../index-state/command-result.ts";
import type { MetastoreState } from "../index-state/metastore-state.ts";
import type { MetastoreStateMachine } from "../metastore-state-machine.ts";
import type { MetastoreMetrics } from "../metrics.ts";
import type { ReplicatedLog } from "../replicated-log/replicated-log.ts";

export interface StateReaderDeps {
  readonly log: ReplicatedLog<CommandResult>;
  readonly stateMachine: MetastoreStateMachine;
  readonly clock: Clock;
  readonly metrics: MetastoreMetrics;
}

/** Reads that see everything that was acknowledged before they were asked for. */
export class StateReader {
  readonly #deps: StateReaderDeps;

  constructor(deps: StateReaderDeps) {
    this.#deps = deps;
  }

  /**
   * @param answer - synchronous: the state moves on when it returns.
   * @throws {UnavailableError} when this node cannot know what was acknowledged.
   */
  async read<T>(signal: AbortSignal, answer: (state: MetastoreState) => T): Promise<T> {
    const { log, stateMachine, clock, metrics } = this.#deps;
    const startMs = clock.monotonicMs();
    await log.readIndex(signal);
    metrics.readIndexWaitSeconds.observe((clock.monotonicMs() - startMs) / 1000);
    return answer(stateMachine.state);
  }
}
