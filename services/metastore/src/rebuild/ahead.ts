/**
 * Works ahead of whoever takes the results: at most `concurrency` pieces of work are under way or wait to be taken.
 * Results come in the order of the source.
 *
 * @param work - its rejection is thrown when its turn comes.
 */
export async function* mapAhead<T, U>(
  source: AsyncIterable<T> | Iterable<T>,
  concurrency: number,
  work: (item: T) => Promise<U>,
): AsyncGenerator<U, void, undefined> {
  const items = Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const underWay: Promise<U>[] = [];
  let isOver = false;
  try {
    for (;;) {
      while (!isOver && underWay.length < concurrency) {
        const next = await items.next();
        if (next.done === true) isOver = true;
        else underWay.push(noticed(work(next.value)));
      }
      const first = underWay.shift();
      if (!first) return;
      yield await first;
    }
  } finally {
    await Promise.allSettled(underWay);
    await items.return?.();
  }
}

/**
 * Takes from `source` before it is asked to, up to `capacity` items.
 *
 * @remarks A failure of the source is thrown after the items that came before it.
 */
export async function* bufferAhead<T>(
  source: AsyncIterable<T>,
  capacity: number,
): AsyncGenerator<T, void, undefined> {
  const waiting: T[] = [];
  const turns = new Turns();
  const fill = async (): Promise<void> => {
    for await (const item of source) {
      waiting.push(item);
      turns.next();
      while (waiting.length >= capacity && !turns.areOver) await turns.wait();
      if (turns.areOver) return;
    }
  };
  let isOver = false;
  const filling = noticed(
    fill().finally(() => {
      isOver = true;
      turns.next();
    }),
  );
  try {
    for (;;) {
      for (const item of waiting.splice(0)) {
        turns.next();
        yield item;
      }
      if (waiting.length > 0) continue;
      if (isOver) return await filling;
      await turns.wait();
    }
  } finally {
    turns.end();
    await Promise.allSettled([filling]);
  }
}

/** Lets two sides wait for each other's next step. */
class Turns {
  #step = Promise.withResolvers<void>();
  /** One side has left. */
  areOver = false;

  next(): void {
    this.#step.resolve();
    this.#step = Promise.withResolvers<void>();
  }

  end(): void {
    this.areOver = true;
    this.next();
  }

  wait(): Promise<void> {
    return this.#step.promise;
  }
}

/** The promise itself; its rejection is not unhandled when nobody waits for it yet. */
function noticed<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => {});
  return promise;
}
