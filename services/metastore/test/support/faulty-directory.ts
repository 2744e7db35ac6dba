import type { Directory, DirectoryFile, DiskSpace } from "../../src/disk/directory.ts";

/** Disks tear at sectors; this one is worse, since what is written here is smaller than a sector. */
const TEAR_BYTES = 16;
/** How many turns of the microtask queue an operation takes at most. */
const MAX_TURNS = 6;

interface StoredFile {
  /** What a crash leaves for sure. */
  durable: Uint8Array;
  /** What a reader sees. */
  current: Uint8Array;
  /** Pieces of {@link TEAR_BYTES} that were written since the last sync. */
  readonly unsynced: Set<number>;
}

type NameChange = (names: Map<string, StoredFile>) => void;

/**
 * A folder that crashes: for tests. What was synced stays. Of the rest, any piece may or may not have reached the disk, and
 * any number of the first changes of names.
 */
export class FaultyDirectory {
  readonly #random: { next(): number };
  #durableNames = new Map<string, StoredFile>();
  #names = new Map<string, StoredFile>();
  #nameChanges: NameChange[] = [];
  #generation = 0;
  #operationsUntilFailure = Infinity;

  constructor(random: { next(): number }) {
    this.#random = random;
  }

  /** Handles that were opened before are dead. */
  open(): Directory {
    this.#generation++;
    return new FaultyHandle(this, this.#generation);
  }

  /** The power goes. Failing ends with it. */
  crash(): void {
    this.#generation++;
    this.#operationsUntilFailure = Infinity;
    const kept = Math.floor(this.#random.next() * (this.#nameChanges.length + 1));
    for (const change of this.#nameChanges.slice(0, kept)) change(this.#durableNames);
    this.#nameChanges = [];
    for (const file of this.#durableNames.values()) this.#tear(file);
    this.#names = new Map(this.#durableNames);
  }

  /** Lets `count` more writes and syncs succeed; the one after fails. */
  failAfter(count: number): void {
    this.#operationsUntilFailure = count;
  }

  names(): string[] {
    return [...this.#names.keys()].toSorted();
  }

  content(name: string): Uint8Array | undefined {
    return this.#names.get(name)?.current;
  }

  /** Flips one bit, or removes the file when there is no such byte. */
  damage(name: string, bit: number): void {
    const file = this.#names.get(name);
    const at = Math.floor(bit / 8);
    if (!file || at >= file.current.length) {
      this.#names.delete(name);
      this.#durableNames.delete(name);
      return;
    }
    file.current[at]! ^= 1 << (bit % 8);
    file.durable = file.current.slice();
  }

  isAlive(generation: number): boolean {
    return generation === this.#generation;
  }

  /**
   * Waits as an operation of a handle of `generation` does, for ever when that is dead; then does it, in the same turn, since a
   * crash may come in the next.
   */
  async turn<T>(generation: number, effect: () => T): Promise<T> {
    for (let turns = Math.floor(this.#random.next() * MAX_TURNS); turns > 0; turns--) await Promise.resolve();
    if (!this.isAlive(generation)) await never();
    return effect();
  }

  countOperation(): void {
    if (this.#operationsUntilFailure-- <= 0) throw new Error("input/output error");
  }

  find(name: string): StoredFile | undefined {
    return this.#names.get(name);
  }

  changeNames(change: NameChange): void {
    change(this.#names);
    this.#nameChanges.push(change);
  }

  syncNames(): void {
    for (const change of this.#nameChanges) change(this.#durableNames);
    this.#nameChanges = [];
  }

  #tear(file: StoredFile): void {
    for (const piece of file.unsynced) {
      if (this.#random.next() < 0.5) continue;
      const start = piece * TEAR_BYTES;
      const written = file.current.subarray(start, start + TEAR_BYTES);
      if (file.durable.length < start + written.length) {
        file.durable = extended(file.durable, start + written.length);
      }
      file.durable.set(written, start);
    }
    file.unsynced.clear();
    file.current = file.durable.slice();
  }
}

class FaultyHandle implements Directory {
  readonly #disk: FaultyDirectory;
  readonly #generation: number;

  constructor(disk: FaultyDirectory, generation: number) {
    this.#disk = disk;
    this.#generation = generation;
  }

  async list(): Promise<readonly string[]> {
    return this.#turn(() => this.#disk.names());
  }

  async open(name: string): Promise<DirectoryFile | undefined> {
    const file = await this.#turn(() => this.#disk.find(name));
    return file && new FaultyFile(this.#disk, this.#generation, file);
  }

  async create(name: string): Promise<DirectoryFile> {
    const file: StoredFile = { durable: new Uint8Array(), current: new Uint8Array(), unsynced: new Set() };
    await this.#turn(() => this.#disk.changeNames((names) => names.set(name, file)));
    return new FaultyFile(this.#disk, this.#generation, file);
  }

  async rename(from: string, to: string): Promise<void> {
    const change: NameChange = (names) => {
      const file = names.get(from);
      if (!file) return;
      names.set(to, file);
      names.delete(from);
    };
    await this.#turn(() => this.#disk.changeNames(change));
  }

  async remove(name: string): Promise<void> {
    await this.#turn(() => this.#disk.changeNames((names) => names.delete(name)));
  }

  async sync(): Promise<void> {
    await this.#turn(() => {
      this.#disk.countOperation();
      this.#disk.syncNames();
    });
  }

  async space(): Promise<DiskSpace> {
    return { freeBytes: 2 ** 40, totalBytes: 2 ** 40 };
  }

  #turn<T>(effect: () => T): Promise<T> {
    return this.#disk.turn(this.#generation, effect);
  }
}

class FaultyFile implements DirectoryFile {
  readonly #disk: FaultyDirectory;
  readonly #generation: number;
  readonly #file: StoredFile;

  constructor(disk: FaultyDirectory, generation: number, file: StoredFile) {
    this.#disk = disk;
    this.#generation = generation;
    this.#file = file;
  }

  async sizeBytes(): Promise<number> {
    return this.#turn(() => this.#file.current.length);
  }

  async readAt(offset: number, length: number): Promise<Uint8Array> {
    return this.#turn(() => this.#file.current.slice(offset, offset + length));
  }

  async writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    // The process of a dead handle is gone: only its promises linger.
    if (!this.#disk.isAlive(this.#generation)) await never();
    const file = this.#file;
    const end = offset + bytes.length;
    if (file.current.length < end) file.current = extended(file.current, end);
    file.current.set(bytes, offset);
    for (let at = Math.floor(offset / TEAR_BYTES); at * TEAR_BYTES < end; at++) file.unsynced.add(at);
    await this.#turn(() => this.#disk.countOperation());
  }

  async sync(): Promise<void> {
    await this.#turn(() => {
      this.#disk.countOperation();
      this.#file.durable = this.#file.current.slice();
      this.#file.unsynced.clear();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {}

  #turn<T>(effect: () => T): Promise<T> {
    return this.#disk.turn(this.#generation, effect);
  }
}

function never(): Promise<never> {
  return new Promise(() => {});
}

function extended(bytes: Uint8Array, length: number): Uint8Array {
  const longer = new Uint8Array(length);
  longer.set(bytes);
  return longer;
}
