import { compileDeletion } from "@hearth/deletions";
import type { BlockIndex } from "../index-state/block-index.ts";
import { ELEMENT, type DigestSum, type ElementHash } from "../index-state/state-digest.ts";
import type { Tombstones } from "../compaction/tombstones.ts";
import { requestRefusal, type Deletion, type DeletionRequest } from "./deletion.ts";
import { DeletionScopes } from "./deletion-scopes.ts";
import { DeletionTable } from "./deletion-table.ts";
import { TouchedBlocks } from "./touched-blocks.ts";

/** What a request came to. */
export type RequestOutcome =
  | { readonly type: "deletion-requested"; readonly number: number }
  /** A limit of the state is reached: nothing was changed. */
  | { readonly type: "deletion-refused"; readonly reason: string }
  | { readonly type: "rejected"; readonly reason: string };

/** What of deletions is kept in a snapshot. */
export interface DeletionsCapture {
  readonly lastNumber: number;
  /** As {@link DeletionTable.all} gives them. */
  readonly deletions: readonly Deletion[];
}

/**
 * Deletions on request as part of the replicated state. A deletion is a predicate on data. Queries pass over what it covers as soon
 * as it is applied; which blocks still hold such rows follows from the index, whose blocks know up to which number deletions were applied when
 * they were written. It ends when nothing was touched any more for a while, so that what comes late is covered.
 */
export class Deletions {
  readonly table = new DeletionTable();
  readonly touched = new TouchedBlocks();
  readonly scopes = new DeletionScopes(this.table);
  readonly #index: BlockIndex;

  constructor(index: BlockIndex) {
    this.#index = index;
  }

  /** Applies a request. @param nowMs - the time of the log: what is taken after it stays. */
  request(request: DeletionRequest, nowMs: number): RequestOutcome {
    const reason = requestRefusal(request);
    if (reason !== undefined) return { type: "rejected", reason };
    const { tenant, requestId, maxInForce } = request;
    const known = this.table.findRequest(tenant, requestId);
    if (known) return { type: "deletion-requested", number: known.number };
    const inForce = this.table.ofTenant(tenant).length;
    if (inForce >= maxInForce) {
      return {
        type: "deletion-refused",
        reason: `the tenant has too many deletions in force: tenant=${tenant} count=${inForce} limit=${maxInForce}`,
      };
    }
    const endMs = request.endMs === 0 ? nowMs + 1 : Math.min(request.endMs, nowMs + 1);
    if (request.startMs >= endMs) {
      return { type: "rejected", reason: `start is not in the past: start=${request.startMs} now=${nowMs}` };
    }
    const { matchers, startMs, requestedBy, reason: why } = request;
    // Above every number that a state before this one may have given: its blocks may be registered here.
    const number = Math.max(this.table.lastNumber + 1, nowMs);
    const range = { number, tenant, matchers, startMs, endMs };
    const audit = { requestId, requestedMs: nowMs, requestedBy, reason: why };
    const progress = { clearedMs: undefined, goneMs: undefined, endedMs: undefined };
    this.table.set(compileDeletion({ ...range, ...audit, ...progress }));
    this.#findTouched(tenant);
    return { type: "deletion-requested", number };
  }

  /** A block was registered. */
  noteAdded(id: string): void {
    const found = this.#index.locate(id);
    if (!found) return;
    const { partition, row } = found;
    this.table.raise(partition.deletionsApplied(row));
    const scope = this.scopes.ofRow(partition, row);
    if (!scope) return;
    this.touched.set(partition.place(row), scope);
    for (const { number } of scope.deletions) this.#reopen(number);
  }

  /** A block left the index. */
  noteRemoved(id: string): void {
    this.touched.delete(id);
  }

  /** Those that a job which was given up to a number applies to its sources, in the order of their numbers. */
  ofBlocks(ids: readonly string[], upTo: number): Deletion[] {
    const numbers = new Set(ids.flatMap((id) => this.touched.get(id)?.deletions ?? []));
    return [...numbers]
      .filter((number) => number <= upTo)
      .sort((a, b) => a - b)
      .flatMap((number) => this.table.get(number) ?? []);
  }

  /**
   * Notes how far deletions got.
   *
   * @param keepMs - one whose bytes are gone stays in force for so long.
   * @returns the numbers of those whose bytes are gone now.
   */
  advance(tombstones: Tombstones, { nowMs, keepMs }: { nowMs: number; keepMs: number }): number[] {
    const gone: number[] = [];
    for (const deletion of this.table.inForce()) {
      const after = this.#advanced(deletion, tombstones, { nowMs, keepMs });
      if (after === deletion) continue;
      this.table.set(after);
      if (deletion.goneMs === undefined && after.goneMs !== undefined) gone.push(after.number);
    }
    return gone;
  }

  /** Whether {@link advance} may change something before long. */
  get isMoving(): boolean {
    for (const { number, goneMs } of this.table.inForce()) {
      if (goneMs === undefined && this.touched.countOf(number) === 0) return true;
    }
    return false;
  }

  addToDigest(sum: DigestSum, hash: ElementHash): void {
    if (this.table.lastNumber === 0) return;
    const { lastNumber, digest } = this.table;
    sum.add(hash.begin(ELEMENT.deletions).integer(lastNumber).words(digest).end());
  }

  capture(): DeletionsCapture {
    return { lastNumber: this.table.lastNumber, deletions: [...this.table.all()] };
  }

  /** To be called when all blocks and deletions are restored. */
  finishRestore(): void {
    for (const tenant of new Set(Array.from(this.table.inForce(), (deletion) => deletion.tenant))) {
      this.#findTouched(tenant);
    }
  }

  /** Something of it came late. At once, since it may have left again before anybody looks: its object is there then. */
  #reopen(number: number): void {
    const deletion = this.table.get(number);
    if (deletion?.clearedMs !== undefined) {
      this.table.set({ ...deletion, clearedMs: undefined, goneMs: undefined });
    }
  }

  #advanced(
    deletion: Deletion,
    tombstones: Tombstones,
    { nowMs, keepMs }: { nowMs: number; keepMs: number },
  ): Deletion {
    const { number, clearedMs, goneMs, tenant } = deletion;
    if (this.touched.countOf(number) > 0) return deletion;
    if (clearedMs === undefined) return { ...deletion, clearedMs: nowMs };
    if (goneMs === undefined) {
      return tombstones.hasPresentOf(tenant, clearedMs) ? deletion : { ...deletion, goneMs: nowMs };
    }
    return nowMs - goneMs >= keepMs ? { ...deletion, endedMs: nowMs } : deletion;
  }

  /** Looks at all blocks with data of a tenant. */
  #findTouched(tenant: string): void {
    for (const [, partition] of this.#index.partitions()) {
      const shards = partition.tenants.get(tenant)?.shards.values() ?? [];
      for (const list of shards) {
        for (let position = 0; position < list.count; position++) {
          const row = list.at(position);
          const scope = this.scopes.ofRow(partition, row);
          if (scope) this.touched.set(partition.place(row), scope);
        }
      }
    }
  }
}
