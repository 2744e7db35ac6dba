import type { StoredObject } from "./blocks.ts";
import { wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

/** Told of everything that happens to objects, at the moment at which it does. */
export interface BucketObserver {
  put(key: string, object: StoredObject, before: StoredObject | undefined): void;
  deleted(key: string, object: StoredObject): void;
}

/** An operation failed, or its answer was lost: nobody knows whether it took effect. */
export const IN_DOUBT = Symbol("in doubt");
export type InDoubt = typeof IN_DOUBT;

const TIMEOUT_MS = 5_000;
/** Of a client that tries again. */
const ATTEMPTS = 4;

/** Objects by key. Every operation takes effect at one moment between its call and its answer, or never. */
export class Bucket {
  readonly objects = new Map<string, StoredObject>();
  readonly #world: World;
  readonly #observer: BucketObserver;
  /** Nothing works until then. */
  outageUntilMs = 0;

  constructor(world: World, observer: BucketObserver) {
    this.#world = world;
    this.#observer = observer;
  }

  *put(key: string, object: StoredObject): Steps<true | InDoubt> {
    return yield* this.#operation(() => {
      const before = this.objects.get(key);
      this.objects.set(key, object);
      this.#observer.put(key, object, before);
      return true as const;
    });
  }

  /** @returns undefined when there is no such object. */
  *get(key: string): Steps<StoredObject | undefined | InDoubt> {
    return yield* this.#operation(() => this.objects.get(key));
  }

  *delete(key: string): Steps<true | InDoubt> {
    return yield* this.#operation(() => {
      const before = this.objects.get(key);
      this.objects.delete(key);
      if (before) this.#observer.deleted(key, before);
      return true as const;
    });
  }

  /** Keys that begin so, sorted. */
  *list(prefix: string): Steps<string[] | InDoubt> {
    return yield* this.#operation(() =>
      [...this.objects.keys()].filter((key) => key.startsWith(prefix)).toSorted(),
    );
  }

  /** The operation, tried again a few times. @param withinMs - and not for longer, whoever stands still meanwhile. */
  *retried<T>(operation: () => Steps<T | InDoubt>, withinMs = Infinity): Steps<T | InDoubt> {
    const untilMs = this.#world.queue.nowMs + withinMs;
    for (let attempt = 1; ; attempt++) {
      const answer = yield* operation();
      if (answer !== IN_DOUBT || attempt === ATTEMPTS || this.#world.queue.nowMs > untilMs) return answer;
      yield* wait<void>((resume) => this.#world.queue.after(200 * 2 ** attempt, resume));
    }
  }

  #operation<T>(effect: () => T): Steps<T | InDoubt> {
    const { queue, streams, swarm, isRough } = this.#world;
    const { bucket: dice } = streams;
    return wait<T | InDoubt>((resume) => {
      const isOut = isRough && queue.nowMs < this.outageUntilMs;
      const kind = isRough ? dice.next() / swarm.bucketErrorRate : Infinity;
      const delayMs = dice.exponential(swarm.bucketDelayMs);
      // Half of the errors come before the effect; the effect of the others is early or late.
      if (isOut || kind < 0.5) {
        queue.after(delayMs, () => resume(IN_DOUBT));
      } else if (kind < 0.75) {
        queue.after(TIMEOUT_MS, () => resume(IN_DOUBT));
        queue.after(dice.between(0, TIMEOUT_MS * 3), effect);
      } else {
        queue.after(delayMs, () => {
          const value = effect();
          queue.after(kind < 1 ? TIMEOUT_MS : delayMs / 4, () => resume(kind < 1 ? IN_DOUBT : value));
        });
      }
    });
  }
}
