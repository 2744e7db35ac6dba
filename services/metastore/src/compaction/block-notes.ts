import { DigestSum, ELEMENT, ElementHash, type HashWords } from "../index-state/state-digest.ts";

/** What was found out about a block while it was in jobs. */
export type BlockNote =
  /** Jobs with it failed, and it was not clear why: its next job has no other source. */
  | { readonly type: "solo" }
  /** It takes part in no job until it is released. */
  | { readonly type: "quarantined"; readonly reason: string; readonly sinceMs: number };

/** Notes on blocks by their ids, and the digest of them all. Most blocks have none. */
export class BlockNotes {
  readonly #notes = new Map<string, BlockNote>();
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();

  get digest(): HashWords {
    return this.#digest;
  }

  get(id: string): BlockNote | undefined {
    return this.#notes.get(id);
  }

  isSolo(id: string): boolean {
    return this.#notes.get(id)?.type === "solo";
  }

  isQuarantined(id: string): boolean {
    return this.#notes.get(id)?.type === "quarantined";
  }

  /** In the order of the ids. */
  all(): [id: string, note: BlockNote][] {
    return [...this.#notes].toSorted(([a], [b]) => (a < b ? -1 : 1));
  }

  set(id: string, note: BlockNote): void {
    this.delete(id);
    this.#notes.set(id, note);
    this.#digest.add(hashNote(this.#hash, id, note));
  }

  delete(id: string): void {
    const note = this.#notes.get(id);
    if (!note) return;
    this.#notes.delete(id);
    this.#digest.subtract(hashNote(this.#hash, id, note));
  }
}

/** The hash of a note as an element of the state. */
export function hashNote(hash: ElementHash, id: string, note: BlockNote): HashWords {
  hash.begin(ELEMENT.blockNote).text(id).text(note.type);
  if (note.type === "quarantined") hash.text(note.reason).integer(note.sinceMs);
  return hash.end();
}
