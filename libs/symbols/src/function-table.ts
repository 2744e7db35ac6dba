import type { Memory } from "@hearth/arena";
import type { FunctionColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";
import { SlotTable } from "./slot-table.ts";

/** Distinct functions; function 0 is the empty one. */
export class FunctionTable {
  readonly #memory: Memory;
  readonly #table: SlotTable;
  #name: Uint32Array;
  #systemName: Uint32Array;
  #filename: Uint32Array;
  #startLine: Int32Array;

  constructor(memory: Memory) {
    this.#memory = memory;
    this.#table = new SlotTable(256, memory);
    this.#name = memory.uint32(256);
    this.#systemName = memory.uint32(256);
    this.#filename = memory.uint32(256);
    this.#startLine = memory.int32(256);
    this.intern(0, 0, 0, 0);
  }

  intern(name: number, systemName: number, filename: number, startLine: number): number {
    const hash = finish(mix(mix(mix(mix(0, name), systemName), filename), startLine));
    for (let found = this.#table.firstWith(hash); found >= 0; found = this.#table.nextWith(hash)) {
      const isEqual =
        this.#name[found] === name &&
        this.#filename[found] === filename &&
        this.#startLine[found] === startLine &&
        this.#systemName[found] === systemName;
      if (isEqual) return found;
    }
    const id = this.#table.add(hash);
    this.#name = grown(this.#name, id + 1, this.#memory);
    this.#systemName = grown(this.#systemName, id + 1, this.#memory);
    this.#filename = grown(this.#filename, id + 1, this.#memory);
    this.#startLine = grown(this.#startLine, id + 1, this.#memory);
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
