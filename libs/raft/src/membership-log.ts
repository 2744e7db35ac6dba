import { invariant } from "@hearth/errors";

import type { Membership } from "./membership.ts";

interface Placed {
  readonly index: number;
  readonly membership: Membership;
}

/**
 * The configurations in the log. The last one counts, committed or not (Raft §6): a configuration takes effect when it is
 * appended, and goes when its entry is cut off.
 */
export class MembershipLog {
  /** Rising indexes; the first is that of the snapshot, or of the beginning. */
  #placed: Placed[];

  constructor(index: number, membership: Membership) {
    this.#placed = [{ index, membership }];
  }

  get current(): Membership {
    return this.#placed.at(-1)!.membership;
  }

  /** Where it was appended. */
  get currentIndex(): number {
    return this.#placed.at(-1)!.index;
  }

  push(index: number, membership: Membership): void {
    invariant(index > this.currentIndex, `a configuration before the last one: index=${index}`);
    this.#placed.push({ index, membership });
  }

  /** @returns whether the configuration is another one now. */
  truncateFrom(index: number): boolean {
    const count = this.#placed.length;
    while (this.#placed.length > 1 && this.currentIndex >= index) this.#placed.pop();
    return this.#placed.length < count;
  }

  /** The configuration in force after entry `index`. */
  at(index: number): Membership {
    return (this.#placed.findLast((placed) => placed.index <= index) ?? this.#placed[0]!).membership;
  }

  /** Nobody asks for places before `index` any more. */
  compactTo(index: number): void {
    const keepFrom = this.#placed.findLastIndex((placed) => placed.index <= index);
    if (keepFrom > 0) this.#placed = this.#placed.slice(keepFrom);
  }

  reset(index: number, membership: Membership): void {
    this.#placed = [{ index, membership }];
  }
}
