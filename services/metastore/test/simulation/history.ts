import { Violation } from "./violation.ts";

/** One operation of a client, from its call to its answer. */
export interface Invocation {
  readonly floor: number;
}

/**
 * I8: whether what clients saw can be put into one order that respects time. The log gives the order of commands; so it is
 * enough that each operation takes its place in it after all that ended before it began, and that a read shows what that place holds.
 */
export class History {
  /** Values by key, as they were set: position and value. */
  readonly #values = new Map<number, { position: number; value: number }[]>();
  readonly #positions = new Map<number, number>();
  /** The latest place of an operation that has ended. */
  #ended = 0;

  /** The first time that the command at `position` is applied anywhere. */
  applied(position: number, key: number, value: number): void {
    const values = this.#values.get(key) ?? [];
    if (!this.#values.has(key)) this.#values.set(key, values);
    if ((values.at(-1)?.position ?? 0) < position) values.push({ position, value });
  }

  invoke(): Invocation {
    return { floor: this.#ended };
  }

  /** A command was answered with its place in the order. */
  wrote({ floor }: Invocation, requestId: number, position: number): void {
    const known = this.#positions.get(requestId);
    if (known !== undefined && known !== position) {
      throw new Violation("I8", `request ${requestId} was applied twice: ${known}, ${position}`);
    }
    this.#positions.set(requestId, position);
    if (position <= floor)
      throw new Violation("I8", `a command took place ${position}, before ${floor} which had ended`);
    this.#ended = Math.max(this.#ended, position);
  }

  /** A read was answered from a state that holds the first `position` commands. */
  read({ floor }: Invocation, key: number, position: number, value: number): void {
    if (position < floor) throw new Violation("I8", `a stale read: of ${position}, after ${floor} had ended`);
    const set = this.#values.get(key)?.findLast((candidate) => candidate.position <= position);
    if ((set?.value ?? 0) !== value)
      throw new Violation("I8", `a read of key ${key} at ${position} showed ${value}`);
    this.#ended = Math.max(this.#ended, position);
  }
}
