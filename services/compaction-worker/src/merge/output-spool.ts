import { closeSync, mkdirSync, openSync, writeSync } from "node:fs";
import { join } from "node:path";

import { MemoryPartSink, type PartSink } from "@hearth/block";
import { invariant } from "@hearth/errors";

import type { Content } from "./merger.ts";
import { tempFileError } from "./temp-file-error.ts";

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

  /** @throws {UnavailableError} when the file cannot be written. */
  write(bytes: Uint8Array): void {
    if (this.#memory !== undefined && this.#room.tryUse(bytes.length)) {
      this.#usedBytes += bytes.length;
      this.#memory.write(bytes);
      return;
    }
    const handle = this.#handle;
    invariant(handle !== undefined || this.#memory, "nothing is written to an output after its end");
    try {
      writeWhole(handle ?? this.#spill(), bytes);
    } catch (error) {
      throw tempFileError(error);
    }
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

  /** Moves what there is to a file. @returns its handle. */
  #spill(): number {
    const { path, handle } = this.#room.openFile();
    this.#path = path;
    this.#handle = handle;
    if (this.#memory) writeWhole(handle, this.#memory.build());
    this.#memory = undefined;
    this.#room.tryUse(-this.#usedBytes);
    return handle;
  }
}

function writeWhole(handle: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += writeSync(handle, bytes, at);
}
