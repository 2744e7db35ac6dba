import type { EventQueue } from "../../services/metastore/test/simulation/event-queue.ts";
import type { Dice } from "../../services/metastore/test/simulation/dice.ts";

/**
 * What a process does, written down as a generator: wherever it waits it may end, or stand still for hours and then go on
 * as if nothing had happened.
 */
export type Steps<T> = Generator<Begin<unknown>, T, unknown>;

/** Starts something; `resume` is called once, in a later event, with what came of it. */
type Begin<T> = (resume: (value: T) => void) => void;

export function* wait<T>(begin: Begin<T>): Steps<T> {
  return (yield begin) as T;
}

/** How often a machine gets into trouble of its own, by the step of a process. */
export interface Mishaps {
  readonly crashRate: number;
  readonly freezeRate: number;
  /** The longest time that it stands still; seconds happen too, hours are more frequent. */
  readonly longestFreezeMs: number;
}

const NO_MISHAPS: Mishaps = { crashRate: 0, freezeRate: 0, longestFreezeMs: 0 };
const SHORTEST_FREEZE_MS = 5_000;

/** What processes run on: they crash together and freeze together. */
export class Machine {
  readonly name: string;
  readonly #queue: EventQueue;
  readonly #dice: Dice;
  readonly #onCrash: () => void;
  readonly #onFreeze: (ms: number) => void;
  mishaps = NO_MISHAPS;
  frozenUntilMs = 0;
  #life = 0;
  /** What goes on when it does. */
  #frozen: (() => void)[] = [];

  constructor(
    name: string,
    deps: { queue: EventQueue; dice: Dice; onCrash?: () => void; onFreeze?: (ms: number) => void },
  ) {
    this.name = name;
    this.#queue = deps.queue;
    this.#dice = deps.dice;
    this.#onCrash = deps.onCrash ?? (() => {});
    this.#onFreeze = deps.onFreeze ?? (() => {});
  }

  get isFrozen(): boolean {
    return this.frozenUntilMs > this.#queue.nowMs;
  }

  /** @returns ends the process, wherever it is. */
  run<T>(body: Steps<T>, onEnd: (value: T) => void = () => {}): () => void {
    const life = this.#life;
    let isStopped = false;
    const resume = (value: unknown): void => {
      if (isStopped || life !== this.#life) return;
      if (this.isFrozen) {
        this.whenThawed(() => resume(value));
        return;
      }
      if (this.#suffers()) {
        if (life === this.#life) resume(value);
        return;
      }
      const step = body.next(value);
      if (step.done === true) onEnd(step.value);
      else step.value(resume);
    };
    this.#queue.after(0, () => resume(undefined));
    return () => {
      isStopped = true;
    };
  }

  crash(): void {
    this.#life++;
    this.frozenUntilMs = 0;
    this.#frozen = [];
    this.#onCrash();
  }

  freeze(ms: number): void {
    this.frozenUntilMs = Math.max(this.frozenUntilMs, this.#queue.nowMs + ms);
    this.#queue.after(ms, () => this.#thaw());
    this.#onFreeze(ms);
  }

  /** No more trouble: whoever stands still goes on soon. */
  calm(): void {
    this.mishaps = NO_MISHAPS;
    if (!this.isFrozen) return;
    this.frozenUntilMs = this.#queue.nowMs + 1_000;
    this.#queue.after(1_000, () => this.#thaw());
  }

  /** Does something when the machine goes on; a crash forgets it. */
  whenThawed(goOn: () => void): void {
    this.#frozen.push(goOn);
  }

  #thaw(): void {
    if (this.isFrozen) return;
    const frozen = this.#frozen;
    this.#frozen = [];
    for (const goOn of frozen) goOn();
  }

  /** @returns whether something happened in the place of a step. */
  #suffers(): boolean {
    const { crashRate, freezeRate, longestFreezeMs } = this.mishaps;
    if (crashRate + freezeRate === 0) return false;
    const chance = this.#dice.next();
    if (chance >= crashRate + freezeRate) return false;
    if (chance < crashRate) this.crash();
    else
      this.freeze(
        SHORTEST_FREEZE_MS * (longestFreezeMs / SHORTEST_FREEZE_MS) ** Math.sqrt(this.#dice.next()),
      );
    return true;
  }
}
