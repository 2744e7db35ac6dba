import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

import { MemoryPartSink, type PartSink } from "@hearth/block";
import { invariant } from "@hearth/errors";

import type { Content } from "./merger.ts";

/** Where outputs wait for their upload: in memory, and beyond a budget in files. Its calls block: for worker threads. */
export class OutputSpool implements Disposable {
  readonly #folder: string;
  readonly #memoryBytes: number;
  readonly #outputs: SpooledOutput[] = [];
  #usedBytes = 0;

  /**
   * @param folder - made when the first file is; whoever gave it removes it.
   * @param memoryBytes - for all outputs together.
   */
  constructor(folder: string, memoryBytes: number) {
    this.#folder = folder;
    this.#memoryBytes = memoryBytes;
  }

  /** A place for one more output. */
  open(): SpooledOutput {
    const name = `${this.#outputs.length}.block`;
    const output = new SpooledOutput({
      tryUse: (bytes) => this.#tryUse(bytes),
      openFile: () => {
        mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
        return { path: join(this.#folder, name), handle: openSync(join(this.#folder, name), "wx", 0o600) };
      },
    });
    this.#outputs.push(output);
    return output;
  }

  /** Closes what is open still. */
  [Symbol.dispose](): void {
    for (const output of this.#outputs) output[Symbol.dispose]();
  }

  #tryUse(bytes: number): boolean {
    if (this.#usedBytes + bytes > this.#memoryBytes) return false;
    this.#usedBytes += bytes;
    return true;
  }
}

interface Room {
  /** Takes so much of the memory, unless there is less. */
  readonly tryUse: (bytes: number) => boolean;
  readonly openFile: () => { readonly path: string; readonly handle: number };
}

/** One output. Once a part does not find room in memory, all of it goes to a file. */
export class SpooledOutput implements PartSink, Disposable {
  readonly #room: Room;
  #memory: MemoryPartSink | undefined = new MemoryPartSink();
  #usedBytes = 0;
  #path = "";
  #handle: number | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  /** @throws when the file cannot be written. */
  write(bytes: Uint8Array): void {
    if (this.#memory !== undefined && this.#room.tryUse(bytes.length)) {
      this.#usedBytes += bytes.length;
      this.#memory.write(bytes);
      return;
    }
    if (this.#memory !== undefined) this.#spill(this.#memory);
    this.#append(bytes);
  }

  /** Ends the output. */
  finish(): Content {
    if (this.#memory !== undefined) return { type: "memory", bytes: this.#memory.build() };
    this[Symbol.dispose]();
    return { type: "file", path: this.#path };
  }

  [Symbol.dispose](): void {
    if (this.#handle !== undefined) closeSync(this.#handle);
    this.#handle = undefined;
  }

  #spill(memory: MemoryPartSink): void {
    const { path, handle } = this.#room.openFile();
    this.#path = path;
    this.#handle = handle;
    this.#memory = undefined;
    this.#append(memory.build());
    this.#room.tryUse(-this.#usedBytes);
  }

  #append(bytes: Uint8Array): void {
    invariant(this.#handle !== undefined, "nothing is written to an output after its end");
    for (let at = 0; at < bytes.length;) at += writeSync(this.#handle, bytes, at);
  }
}
