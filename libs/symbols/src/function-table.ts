import type { FunctionColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";
import { SlotTable } from "./slot-table.ts";

/** Distinct functions; function 0 is the empty one. */
export class FunctionTable {
  readonly #table = new SlotTable(256);
  #name = new Uint32Array(256);
  #systemName = new Uint32Array(256);
  #filename = new Uint32Array(256);
  #startLine = new Int32Array(256);

  constructor() {
    this.intern(0, 0, 0, 0);
  }

  intern(name: number, systemName: number, filename: number, startLine: number): number {
    const hash = finish(mix(mix(mix(mix(0, name), systemName), filename), startLine));
    const found = this.#table.find(
      hash,
      (id) =>
        this.#name[id] === name &&
        this.#filename[id] === filename &&
        this.#startLine[id] === startLine &&
        this.#systemName[id] === systemName,
    );
    if (found >= 0) return found;
    const id = this.#table.add(hash);
    this.#name = grown(this.#name, id + 1);
    this.#systemName = grown(this.#systemName, id + 1);
    this.#filename = grown(this.#filename, id + 1);
    this.#startLine = grown(this.#startLine, id + 1);
    this.#name[id] = name;
    this.#systemName[id] = systemName;
    this.#filename[id] = filename;
    this.#startLine[id] = startLine;
    return id;
  }

  /** Not copied: good until the next function is added. */
  view(): FunctionColumns {
    const count = this.#table.count;
    return {
      name: this.#name.subarray(0, count),
      systemName: this.#systemName.subarray(0, count),
      filename: this.#filename.subarray(0, count),
      startLine: this.#startLine.subarray(0, count),
    };
  }
}
