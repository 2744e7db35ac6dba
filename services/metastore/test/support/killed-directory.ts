import type { Directory, DirectoryFile } from "../../src/disk/directory.ts";

/** Ends a process, as its directories see it, before one of the changes that it makes on disk: for tests. */
export class Kill {
  #changesLeft: number;
  /** Whether it came to that. */
  hasStruck = false;

  constructor(changesBefore: number) {
    this.#changesLeft = changesBefore;
  }

  /** @throws {KilledError} from the chosen change on. */
  beforeChange(): void {
    if (this.#changesLeft-- > 0) return;
    this.hasStruck = true;
    throw new KilledError("killed");
  }

  directory(inner: Directory): Directory {
    const before = async <T>(change: () => Promise<T>): Promise<T> => {
      this.beforeChange();
      return change();
    };
    return {
      list: () => inner.list(),
      open: async (name) => {
        const file = await inner.open(name);
        return file && this.#file(file);
      },
      create: (name) => before(async () => this.#file(await inner.create(name))),
      rename: (from, to) => before(() => inner.rename(from, to)),
      remove: (name) => before(() => inner.remove(name)),
      sync: () => before(() => inner.sync()),
      space: () => inner.space(),
    };
  }

  #file(inner: DirectoryFile): DirectoryFile {
    return {
      sizeBytes: () => inner.sizeBytes(),
      readAt: (offset, length) => inner.readAt(offset, length),
      writeAt: async (offset, bytes) => {
        this.beforeChange();
        await inner.writeAt(offset, bytes);
      },
      sync: async () => {
        this.beforeChange();
        await inner.sync();
      },
      [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    };
  }
}

export class KilledError extends Error {
  override readonly name = "KilledError";
}
