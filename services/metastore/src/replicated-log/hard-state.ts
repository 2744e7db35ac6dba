import { crc32 } from "node:zlib";
import { ByteReader, ByteWriter } from "../bytes.ts";
import type { Directory, DirectoryFile } from "../disk/directory.ts";
import { decodeIdentity, encodeIdentity, type Identity } from "./identity.ts";
import type { LogPosition } from "@hearth/raft";
import type { Stored } from "./log-store.ts";

/**
 * What a node must not forget: its term, its vote, and the *witness*, the last log entry that it acknowledged. LevelDB can lose
 * acknowledged entries in silence when its files are damaged; the witness is what shows it.
 *
 * The file is four pages: two pairs of two equal copies. Each update writes the pair that is not the newest, so a torn
 * write destroys only what was being written, and a damaged page has its twin.
 */
export interface HardState {
  readonly identity: Identity;
  readonly term: number;
  /** Node id; undefined when no vote was given in `term`. */
  readonly vote: string | undefined;
  /** Of the last acknowledged entry. Its term is not kept. */
  readonly witness: Omit<LogPosition, "term">;
}

export const HARD_STATE_FILE = "hard-state";
/**
 * The hard state that a recovery of a lost majority has decided on, while the folders are being swapped: as long as a file
 * has this name, no node may start. See `lost-majority/swap.ts`.
 */
export const RECOVERING_HARD_STATE_FILE = "hard-state.recovering";
export const PAGE_BYTES = 4096;
const PAGE_COUNT = 4;
const MAGIC = 0x48_53_54_31;

export class HardStateFile implements AsyncDisposable {
  readonly #file: DirectoryFile;
  #sequence: number;

  private constructor(file: DirectoryFile, sequence: number) {
    this.#file = file;
    this.#sequence = sequence;
  }

  /** Reads the file, if there is one. `damaged` when no page is whole. */
  static async open(
    directory: Directory,
    name = HARD_STATE_FILE,
  ): Promise<Stored<{ state: HardState; file: HardStateFile }>> {
    const file = await directory.open(name);
    if (!file) return { type: "absent" };
    const found = newestPage(await file.readAt(0, PAGE_COUNT * PAGE_BYTES));
    if (!found) {
      await file[Symbol.asyncDispose]();
      return { type: "damaged" };
    }
    const value = { state: found.state, file: new HardStateFile(file, found.sequence) };
    return { type: "valid", value };
  }

  /** Makes the file; it is there whole or, after a crash, not at all. */
  static async create(
    directory: Directory,
    state: HardState,
    name = HARD_STATE_FILE,
  ): Promise<HardStateFile> {
    const temporary = `${name}.tmp`;
    const file = await directory.create(temporary);
    await file.writeAt(0, new Uint8Array(PAGE_COUNT * PAGE_BYTES));
    const created = new HardStateFile(file, 0);
    await created.write(state);
    await directory.rename(temporary, name);
    await directory.sync();
    return created;
  }

  /** Rises with each write, over all processes that ever had the file. */
  get sequence(): number {
    return this.#sequence;
  }

  /** Replaces the state; durable when it resolves. One call at a time. */
  async write(state: HardState): Promise<void> {
    this.#sequence++;
    const page = encodePage(state, this.#sequence);
    const pair = new Uint8Array(2 * PAGE_BYTES);
    pair.set(page);
    pair.set(page, PAGE_BYTES);
    await this.#file.writeAt((this.#sequence % 2) * 2 * PAGE_BYTES, pair);
    await this.#file.sync();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file[Symbol.asyncDispose]();
  }
}

interface Page {
  readonly state: HardState;
  readonly sequence: number;
}

/** A page: checksum of the rest, magic, sequence number, state, zeros. */
export function encodePage(state: HardState, sequence: number): Uint8Array {
  const out = new ByteWriter(PAGE_BYTES);
  out.uint32(MAGIC);
  out.integer(sequence);
  encodeIdentity(state.identity, out);
  out.integer(state.term);
  out.string(state.vote ?? "");
  out.integer(state.witness.index);
  out.uint32(state.witness.chain);
  const page = new Uint8Array(PAGE_BYTES);
  page.set(out.written(), 4);
  new DataView(page.buffer).setUint32(0, crc32(page.subarray(4)));
  return page;
}

export function newestPage(bytes: Uint8Array): Page | undefined {
  let newest: Page | undefined;
  for (let at = 0; at + PAGE_BYTES <= bytes.length; at += PAGE_BYTES) {
    const page = decodePage(bytes.subarray(at, at + PAGE_BYTES));
    if (page && page.sequence > (newest?.sequence ?? -1)) newest = page;
  }
  return newest;
}

function decodePage(page: Uint8Array): Page | undefined {
  const crc = new DataView(page.buffer, page.byteOffset, page.byteLength).getUint32(0);
  const reader = new ByteReader(page, 4);
  if (crc !== crc32(page.subarray(4)) || reader.uint32() !== MAGIC) return undefined;
  const sequence = reader.integer();
  const identity = decodeIdentity(reader);
  const term = reader.integer();
  const vote = reader.string();
  const witness = { index: reader.integer(), chain: reader.uint32() };
  return { sequence, state: { identity, term, vote: vote === "" ? undefined : vote, witness } };
}
