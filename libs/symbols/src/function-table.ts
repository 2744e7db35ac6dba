import type { Memory } from "@hearth/arena";
import type { FunctionColumns } from "./columns.ts";
import { grown } from "./growable.ts";
import { finish, mix } from "./hash.ts";
import { SlotTable } from "./slot-table.ts";

/** Functions on their way into a {@link FunctionTable}. */
export interface ForeignFunctions {
  readonly functions: FunctionColumns;
  /** For each of their strings its number here; any other number for one that is not here. */
  readonly stringMap: Uint32Array;
}

const NONE: ForeignFunctions = {
  functions: {
    name: new Uint32Array(1),
    systemName: new Uint32Array(1),
    filename: new Uint32Array(1),
    startLine: new Int32Array(1),
  },
  stringMap: new Uint32Array(1),
};

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
    this.intern(NONE, 0);
  }

  /**
   * Looks up many functions.
   *
   * @param wanted - 1 for each function of `from` to look up.
   * @param numbers - where the numbers of those that are here go.
   */
  findAll({ functions, stringMap }: ForeignFunctions, wanted: Uint8Array, numbers: Uint32Array): void {
    // Columns in variables are twice as fast as in objects.
    const { name, systemName, filename, startLine } = functions;
    const [ownName, ownSystemName, ownFilename] = [this.#name, this.#systemName, this.#filename];
    const ownStartLine = this.#startLine;
    const { slots } = this.#table;
    const mask = slots.length - 1;
    for (let i = 1; i < wanted.length; i++) {
      if (wanted[i] === 0) continue;
      const nameHere = stringMap[name[i]!]!;
      const systemNameHere = stringMap[systemName[i]!]!;
      const filenameHere = stringMap[filename[i]!]!;
      const hash = functionHash(nameHere, systemNameHere, filenameHere, startLine[i]!);
      for (let at = (hash << 1) & mask; slots[at + 1] !== 0; at = (at + 2) & mask) {
        const id = slots[at + 1]! - 1;
        const isEqual =
          slots[at] === hash &&
          ownName[id] === nameHere &&
          ownFilename[id] === filenameHere &&
          ownStartLine[id] === startLine[i] &&
          ownSystemName[id] === systemNameHere;
        if (!isEqual) continue;
        numbers[i] = id;
        break;
      }
    }
  }

  /** The number of function `index` of `from`, whose strings are here. */
  intern(from: ForeignFunctions, index: number): number {
    const hash = hashOf(from, index);
    const found = this.#find(from, index, hash);
    return found >= 0 ? found : this.#add(from, index, hash);
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

  #find(from: ForeignFunctions, index: number, hash: number): number {
    let id = this.#table.firstWith(hash);
    while (id >= 0 && !this.#isEqual(id, from, index)) id = this.#table.nextWith(hash);
    return id;
  }

  #isEqual(id: number, { functions, stringMap }: ForeignFunctions, index: number): boolean {
    return (
      this.#name[id] === stringMap[functions.name[index]!] &&
      this.#filename[id] === stringMap[functions.filename[index]!] &&
      this.#startLine[id] === functions.startLine[index] &&
      this.#systemName[id] === stringMap[functions.systemName[index]!]
    );
  }

  #add({ functions, stringMap }: ForeignFunctions, index: number, hash: number): number {
    const id = this.#table.add(hash);
    this.#name = grown(this.#name, id + 1, this.#memory);
    this.#systemName = grown(this.#systemName, id + 1, this.#memory);
    this.#filename = grown(this.#filename, id + 1, this.#memory);
    this.#startLine = grown(this.#startLine, id + 1, this.#memory);
    this.#name[id] = stringMap[functions.name[index]!]!;
    this.#systemName[id] = stringMap[functions.systemName[index]!]!;
    this.#filename[id] = stringMap[functions.filename[index]!]!;
    this.#startLine[id] = functions.startLine[index]!;
    return id;
  }
}

function hashOf({ functions, stringMap }: ForeignFunctions, index: number): number {
  return functionHash(
    stringMap[functions.name[index]!]!,
    stringMap[functions.systemName[index]!]!,
    stringMap[functions.filename[index]!]!,
    functions.startLine[index]!,
  );
}

function functionHash(name: number, systemName: number, filename: number, startLine: number): number {
  return finish(mix(mix(mix(mix(0, name), systemName), filename), startLine));
}
