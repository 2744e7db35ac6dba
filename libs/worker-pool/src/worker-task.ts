/**
 * The worker's side. An entry file exports its tasks by name:
 *
 *     export const build = workerTask((input: BuildInput) => {
 *       const built = buildSegment(input);
 *       return transferring(built, [built.bytes.buffer]);
 *     });
 */
import { move, transferableSymbol, valueSymbol } from "piscina";

import { encodeFailure, type Failure } from "./failure.ts";

/** What a task sends back. */
export type Outcome<O> =
  | { readonly ok: true; readonly value: O }
  | { readonly ok: false; readonly failure: Failure };

/** A function that {@link WorkerPool.run} can call in a worker. */
export type WorkerTask<I, O> = (input: I) => Promise<unknown> & { readonly output?: O };

/** A result and the memory that moves with it instead of being copied. */
class Transferring<O> {
  readonly value: O;
  readonly buffers: readonly ArrayBufferLike[];

  constructor(value: O, buffers: readonly ArrayBufferLike[]) {
    this.value = value;
    this.buffers = buffers;
  }
}

/**
 * A result whose `buffers` are moved to the main thread; the worker cannot use them any more.
 *
 * @param buffers - distinct; all memory behind typed arrays in `value` that shall not be copied.
 */
export function transferring<O>(value: O, buffers: readonly ArrayBufferLike[]): Transferring<O> {
  return new Transferring(value, buffers);
}

/** Makes a function callable from the main thread: its errors arrive there as they were thrown. */
export function workerTask<I, O>(
  task: (input: I) => O | Transferring<O> | Promise<O | Transferring<O>>,
): WorkerTask<I, O> {
  return async (input) => {
    try {
      const result = await task(input);
      if (!(result instanceof Transferring)) return { ok: true, value: result };
      return movable({ ok: true, value: result.value }, result.buffers);
    } catch (error) {
      return { ok: false, failure: encodeFailure(error) };
    }
  };
}

/** Tells the pool to post `outcome` with a transfer list. */
function movable(outcome: Outcome<unknown>, buffers: readonly ArrayBufferLike[]): unknown {
  const transferable = { [transferableSymbol]: buffers, [valueSymbol]: outcome };
  return move(transferable);
}
