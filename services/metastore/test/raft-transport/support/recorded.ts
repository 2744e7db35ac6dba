import type { TransportObserver } from "../../../src/raft-transport/transport-observer.ts";

/** Things that happen, in order, and a way to wait for them. */
export class Recorded<T> {
  readonly all: T[] = [];
  #watchers: (() => void)[] = [];

  add(value: T): void {
    this.all.push(value);
    for (const watch of this.#watchers.splice(0)) watch();
  }

  /** Resolves when `count` have happened. */
  async first(count: number): Promise<readonly T[]> {
    while (this.all.length < count) await new Promise<void>((resolve) => this.#watchers.push(resolve));
    return this.all.slice(0, count);
  }
}

/** An observer that writes down what it is told: `sent 3`, `dropped 1 queue-full`, `refused invalid`. */
export class RecordingObserver implements TransportObserver {
  readonly events = new Recorded<string>();
  readonly onFrame: TransportObserver["onFrame"] = ({ direction, messageCount }) =>
    this.events.add(`${direction} ${messageCount}`);
  readonly onDropped: TransportObserver["onDropped"] = ({ reason, messageCount }) =>
    this.events.add(`dropped ${messageCount} ${reason}`);
  readonly onRefused: TransportObserver["onRefused"] = ({ reason }) => this.events.add(`refused ${reason}`);
}
