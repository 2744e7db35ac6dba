import { FixedQueue, type PiscinaTask, type TaskQueue } from "piscina";

type Task = Parameters<TaskQueue["push"]>[0];

/** Tasks that wait for a thread: urgent ones first, each kind in the order in which it came. */
export class UrgentFirstQueue implements TaskQueue {
  readonly #urgent = new FixedQueue();
  readonly #ordinary = new FixedQueue();
  readonly #isUrgent: (entryPath: string) => boolean;

  /** @param isUrgent - whether the tasks of an entry file are. */
  constructor(isUrgent: (entryPath: string) => boolean) {
    this.#isUrgent = isUrgent;
  }

  get size(): number {
    return this.#urgent.size + this.#ordinary.size;
  }

  shift(): Task | null {
    return this.#urgent.size > 0 ? this.#urgent.shift() : this.#ordinary.shift();
  }

  push(task: Task): void {
    this.#queueOf(task).push(task);
  }

  unshift(task: Task): void {
    this.#queueOf(task).unshift(task);
  }

  remove(task: Task): void {
    this.#queueOf(task).remove(task);
  }

  #queueOf(task: Task): FixedQueue {
    return this.#isUrgent((task as PiscinaTask).filename) ? this.#urgent : this.#ordinary;
  }
}
