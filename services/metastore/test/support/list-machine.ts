import { DataLossError } from "@hearth/errors";
import type { Outcome, StateMachine, StateRestore } from "../../src/replicated-log/replicated-log.ts";

/** Commands that need a newer version begin with this. */
export const FUTURE_COMMAND = "future:";

/** The plainest state machine: it remembers what was applied. The result is the position in the list. */
export class ListMachine implements StateMachine<number> {
  applied: string[] = [];

  apply(command: Uint8Array): Outcome<number> {
    const text = new TextDecoder().decode(command);
    if (text.startsWith(FUTURE_COMMAND)) return { type: "unsupported", reason: "a newer version is needed" };
    return { type: "applied", result: this.applied.push(text) - 1 };
  }

  digest(): string {
    return this.applied.join();
  }

  capture(): Iterable<Uint8Array> {
    const encoder = new TextEncoder();
    const frames = [...this.applied, `count ${this.applied.length}`];
    return frames.map((text) => encoder.encode(text));
  }

  restore(): StateRestore {
    const frames: string[] = [];
    return {
      add: (frame) => void frames.push(new TextDecoder().decode(frame)),
      finish: () => {
        if (frames.pop() !== `count ${frames.length}`) throw new DataLossError("frames are missing");
        this.applied = frames;
      },
    };
  }
}
