import { DigestSum, ElementHash, type HashWords } from "../index-state/state-digest.ts";
import { DELETION_LIMITS, hashDeletion, type Deletion } from "./deletion.ts";

const NONE: readonly Deletion[] = [];

/** All deletions that are known, and the digest of them: those in force, and those that were. */
export class DeletionTable {
  /** In the order of their numbers. */
  readonly #inForce = new Map<number, Deletion>();
  readonly #byTenant = new Map<string, readonly Deletion[]>();
  /** In the order in which they ended. */
  readonly #ended = new Map<number, Deletion>();
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();
  /** The highest number that was given, here or before this state was made anew. */
  #lastNumber = 0;
  #version = 0;

  get digest(): HashWords {
    return this.#digest;
  }

  get lastNumber(): number {
    return this.#lastNumber;
  }

  /** Another one whenever others are in force than before. */
  get version(): number {
    return this.#version;
  }

  get inForceCount(): number {
    return this.#inForce.size;
  }

  /** In the order of their numbers. */
  inForce(): IterableIterator<Deletion> {
    return this.#inForce.values();
  }

  /** Those in force, in the order of their numbers. */
  ofTenant(tenant: string): readonly Deletion[] {
    return this.#byTenant.get(tenant) ?? NONE;
  }

  /** First those in force, then the others; each group in its order. */
  *all(): Generator<Deletion> {
    yield* this.#inForce.values();
    yield* this.#ended.values();
  }

  get(number: number): Deletion | undefined {
    return this.#inForce.get(number) ?? this.#ended.get(number);
  }

  /** The deletion that a request came to before. */
  findRequest(tenant: string, requestId: string): Deletion | undefined {
    if (requestId === "") return undefined;
    for (const deletion of this.all()) {
      if (deletion.requestId === requestId && deletion.tenant === tenant) return deletion;
    }
    return undefined;
  }

  /** Numbers rise from here: whoever made a block that names a higher one knew of deletions that this state does not. */
  raise(number: number): void {
    this.#lastNumber = Math.max(this.#lastNumber, number);
  }

  /** Adds a deletion, or puts another state of it in its place; one that ended must have been in force. */
  set(deletion: Deletion): void {
    const { number, tenant } = deletion;
    const before = this.#inForce.get(number);
    if (before) this.#digest.subtract(hashDeletion(this.#hash, before));
    if (deletion.endedMs === undefined) this.#inForce.set(number, deletion);
    else this.#end(deletion);
    this.#digest.add(hashDeletion(this.#hash, deletion));
    this.raise(number);
    if (!before || deletion.endedMs !== undefined) this.#version++;
    this.#list(tenant);
  }

  #end(deletion: Deletion): void {
    this.#inForce.delete(deletion.number);
    this.#ended.set(deletion.number, deletion);
    if (this.#ended.size <= DELETION_LIMITS.ended) return;
    const [oldest] = this.#ended.values();
    this.#ended.delete(oldest!.number);
    this.#digest.subtract(hashDeletion(this.#hash, oldest!));
  }

  #list(tenant: string): void {
    const own = [...this.#inForce.values()].filter((deletion) => deletion.tenant === tenant);
    if (own.length === 0) this.#byTenant.delete(tenant);
    else this.#byTenant.set(tenant, own);
  }
}
