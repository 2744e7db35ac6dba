import { STATE_VERSION } from "./index-state/command-codec.ts";
import type { CommandResult } from "./index-state/command-result.ts";
import { MetastoreState } from "./index-state/metastore-state.ts";
import { encodeState, StateDecoder } from "./index-state/snapshot-codec.ts";
import type { Outcome, StateMachine, StateRestore } from "./replicated-log/replicated-log.ts";

const COMMAND_NAMES = {
  "blocks-added": "add_blocks",
  "jobs-polled": "poll_jobs",
  "blocks-expired": "expire_blocks",
  "orphans-noted": "note_orphans",
  "blocks-released": "release_blocks",
  "tiers-planned": "plan_tiers",
  "deletion-requested": "request_deletion",
  "deletion-refused": "request_deletion",
  rejected: "rejected",
} as const;
/** A command as metrics tell it. */
export type CommandName = (typeof COMMAND_NAMES)[keyof typeof COMMAND_NAMES];

/** The state behind the log. Hold this, not the state: restoring a snapshot replaces the state. */
export class MetastoreStateMachine implements StateMachine<CommandResult> {
  #state = new MetastoreState();
  #lastCommand: CommandName = "rejected";

  get state(): MetastoreState {
    return this.#state;
  }

  /** What was applied last: for the metrics. */
  get lastCommand(): CommandName {
    return this.#lastCommand;
  }

  apply(command: Uint8Array): Outcome<CommandResult> {
    const result = this.#state.apply(command);
    if (result.type !== "unsupported") {
      this.#lastCommand = COMMAND_NAMES[result.type];
      return { type: "applied", result };
    }
    const reason = `the log needs a newer version: have=${STATE_VERSION} need=${result.version}`;
    return { type: "unsupported", reason };
  }

  digest(): string {
    return this.#state.digest();
  }

  capture(): Iterable<Uint8Array> {
    return encodeState(this.#state.capture());
  }

  restore(): StateRestore {
    const decoder = new StateDecoder();
    return {
      add: (frame) => decoder.add(frame),
      finish: () => {
        this.#state = decoder.finish();
      },
    };
  }
}

/**
 * For a state that another index goes on with: one that is imported, or recovered without the majority. What was registered after
 * it is lost, and must not be taken for orphans: the watch does not go on with it, but begins anew.
 */
export class InterruptedStateMachine extends MetastoreStateMachine {
  override capture(): Iterable<Uint8Array> {
    this.state.compaction.orphans.end();
    return super.capture();
  }
}
