import { tierOfLevel } from "@hearth/block";

import { Violation } from "../../services/metastore/test/simulation/violation.ts";
import { DeletionBook } from "./deletion-book.ts";
import { versionOf, type BlockObject } from "./blocks.ts";
import { checkSums } from "./check-sums.ts";
import type { SummedRows } from "./summed-rows.ts";

/** What became of one block. */
interface BlockLife {
  readonly id: string;
  /** Of each object that was ever made for it; the first one that was registered counts. */
  readonly object: BlockObject;
  /** Stamp of the command that took it out of the index. */
  removedMs: number | undefined;
  /** Somebody took or damaged its object; that is not the pipeline's fault. */
  isHarmed: boolean;
  /** Its object was deleted once; a late comer may write it again. */
  isDeleted: boolean;
}

/**
 * What must be true, told by what was done. A share is what one segment holds of one tenant: from its registration on, it is in exactly
 * one block that is registered, unless all of it is deleted on request.
 */
export class Ledger {
  /** Registered blocks, by id. */
  readonly live = new Map<string, BlockLife>();
  /** Blocks that left the index, by id. */
  readonly gone = new Map<string, BlockLife>();
  /** Ids of segments whose clients were told that they are stored. */
  readonly acknowledged = new Set<string>();
  /** Objects that were given up as orphans, with the stamp of the command that did it. */
  readonly #givenUp = new Map<string, number>();
  /** When objects of blocks came that are not registered, by the time of the log. */
  readonly #putMs = new Map<string, number>();
  /** Segments that were registered once. */
  readonly registered = new Set<string>();
  /** Block by share. */
  readonly #homes = new Map<string, string>();
  readonly #segments = new Map<string, BlockObject>();
  readonly deletions: DeletionBook = new DeletionBook();
  readonly #sums: SummedRows;
  /** By tenant and pushed row: rows of registered blocks of tiers that stand for it, and for others. */
  readonly #sumsWith = new Map<string, Set<number>>();

  constructor(sums: SummedRows) {
    this.#sums = sums;
  }

  /** A writer made a segment. */
  made(segment: BlockObject): void {
    this.#segments.set(segment.meta.id, segment);
  }

  /** The registered block that holds a share. */
  homeOf(segment: string, tenant: string): string | undefined {
    return this.#homes.get(`${segment}/${tenant}`);
  }

  /** Segments that were registered and have rows of a tenant. */
  *registeredWith(tenant: string): Generator<string> {
    for (const id of this.registered) if (this.#segments.get(id)?.rows.has(tenant)) yield id;
  }

  /** P2, P3 and P6 for what one command changed. */
  changed(
    { added, removed }: { added: readonly BlockObject[]; removed: readonly string[] },
    stampMs: number,
  ): void {
    const touched = new Set<string>();
    for (const id of removed) this.#remove(id, stampMs, touched);
    for (const object of added) this.#add(object, touched);
    for (const share of touched) {
      if (!this.#homes.has(share) && !this.#mayBeGone(share))
        throw new Violation("P2", `${share} is in no registered block any more: removed=${removed.join()}`);
    }
  }

  /** Clients were told that the segment is stored, and still waited for that. */
  acknowledge(id: string): void {
    this.acknowledged.add(id);
    this.#checkGivenUp(id);
  }

  /** An object was written where none was. @param logMs - the time of the log. */
  stored(id: string, logMs: number): void {
    this.#putMs.set(id, logMs);
  }

  /** P9: an object is given up. */
  gaveUp(id: string, stampMs: number, graceMs: number): void {
    this.#givenUp.set(id, stampMs);
    this.#checkGivenUp(id);
    const ageMs = stampMs - (this.#putMs.get(id) ?? -Infinity);
    if (ageMs < graceMs) throw new Violation("P9", `the object of ${id} was given up after ${ageMs} ms`);
    if (this.live.has(id)) throw new Violation("P9", `the registered block ${id} was given up`);
  }

  /** Nobody was told that it is stored, unless it was registered and compacted. */
  #checkGivenUp(id: string): void {
    if (this.#givenUp.has(id) && this.acknowledged.has(id) && !this.registered.has(id))
      throw new Violation("P9", `the segment ${id} was acknowledged, and is given up`);
  }

  /** P3, P5: an object was deleted. @param logMs - the time of the log. */
  deleted(id: string, logMs: number, delayMs: number): void {
    if (this.live.has(id)) throw new Violation("P3", `the object of the registered block ${id} was deleted`);
    const life = this.gone.get(id);
    const removedMs = life?.removedMs ?? this.#givenUp.get(id);
    if (removedMs === undefined)
      throw new Violation("P5", `the object of ${id} was deleted, which was never registered`);
    if (life) life.isDeleted = true;
    const ageMs = logMs - removedMs;
    if (ageMs < delayMs) throw new Violation("P5", `the object of ${id} was deleted after ${ageMs} ms`);
  }

  /** P3: an object was written where one was. */
  overwritten({ meta }: BlockObject): void {
    const life = this.live.get(meta.id);
    const isOther =
      life &&
      (versionOf(life.object.meta) !== versionOf(meta) ||
        life.object.meta.origin?.deletionsApplied !== meta.origin?.deletionsApplied);
    if (isOther)
      throw new Violation(
        "P3",
        `the object of the registered block ${meta.id} was overwritten by another one`,
      );
  }

  harm(id: string): void {
    const life = this.live.get(id);
    if (life) life.isHarmed = true;
  }

  #remove(id: string, stampMs: number, touched: Set<string>): void {
    const life = this.live.get(id);
    if (!life) return;
    this.live.delete(id);
    life.removedMs = stampMs;
    this.gone.set(id, life);
    for (const share of sharesOf(life.object)) {
      if (this.#homes.get(share) === id) this.#homes.delete(share);
      touched.add(share);
    }
  }

  #add(object: BlockObject, touched: Set<string>): void {
    const { id, level } = object.meta;
    if (this.gone.has(id))
      throw new Violation("P6", `the block ${id} left the index and is registered again`);
    if ((tierOfLevel(level)?.resolutionMs ?? 0) > 0) this.#checkSummed(object);
    else this.#checkRows(object);
    this.live.set(id, { id, object, removedMs: undefined, isHarmed: false, isDeleted: false });
    if (level === 0) this.registered.add(id);
    for (const share of sharesOf(object)) {
      const other = this.#homes.get(share);
      if (other !== undefined)
        throw new Violation("P2", `${share} is in two registered blocks: ${other}, ${id}`);
      this.#homes.set(share, id);
      touched.add(share);
    }
  }

  /** Rows of a tenant that were registered and that no deletion covers. */
  *keptRows(tenant: string): Generator<number> {
    for (const id of this.registeredWith(tenant)) {
      for (const row of this.#segments.get(id)!.rows.get(tenant)!) {
        if (!this.mayBeGone(tenant, row)) yield row;
      }
    }
  }

  /** Whether a pushed row may be missing: a deletion covers it, or what it was summed to, whose time is that of its latest. */
  mayBeGone(tenant: string, row: number): boolean {
    const sums = this.#sumsWith.get(`${tenant}/${row}`) ?? [];
    return [row, ...sums].some((one) => this.deletions.mayBeGone(tenant, one));
  }

  #mayBeGone(share: string): boolean {
    const [segment = "", tenant = ""] = share.split("/");
    const rows = this.#segments.get(segment)?.rows.get(tenant) ?? [];
    return rows.every((row) => this.mayBeGone(tenant, row));
  }

  /** P10 and P11 of a block of a tier, which is made of blocks that were registered. */
  #checkSummed(object: BlockObject): void {
    const { id, origin, tenant } = object.meta;
    const rows = object.rows.get(tenant) ?? [];
    const sources = (origin?.sources ?? []).map(
      (source) => (this.gone.get(source) ?? this.live.get(source))!.object,
    );
    const { deletions } = this;
    if (origin?.isRewrite) {
      const before = new Set(sources.flatMap((source) => source.rows.get(tenant) ?? []));
      if (rows.some((row) => !before.has(row)))
        throw new Violation("P11", `${id} holds rows that its source does not`);
      const lost = [...before].find((row) => !rows.includes(row) && !deletions.mayBeGone(tenant, row));
      if (lost !== undefined) throw new Violation("P11", `${id} lacks row ${lost} of its source`);
    } else checkSums(object, sources, { deletions, sums: this.#sums });
    const left = rows.find((row) => deletions.mustBeGone(tenant, row, origin?.deletionsApplied ?? 0));
    if (left !== undefined) throw new Violation("P10", `${id} holds the row ${left}, which was deleted`);
    for (const row of rows) {
      for (const part of this.#sums.partsOf(row)) {
        const key = `${tenant}/${part}`;
        this.#sumsWith.set(key, (this.#sumsWith.get(key) ?? new Set()).add(row));
      }
    }
  }

  /** A block holds the rows of its segments, each once, but for those that deletions cover which it says were applied. */
  #checkRows({ meta, rows, segments }: BlockObject): void {
    const applied = meta.origin?.deletionsApplied ?? 0;
    const { deletions } = this;
    for (const [tenant, have] of rows) {
      const want = new Set<number>();
      for (const id of segments)
        for (const row of this.#segments.get(id)?.rows.get(tenant) ?? []) want.add(row);
      const held = new Set(have);
      if (held.size !== have.length) throw new Violation("P2", `${meta.id} holds a row twice`);
      const lost = [...want].filter((row) => !held.has(row) && !deletions.mayBeGone(tenant, row, applied));
      if (lost.length > 0) throw new Violation("P2", `${meta.id} lacks rows of ${tenant}: ${lost.join()}`);
      if (have.some((row) => !want.has(row)))
        throw new Violation("P2", `${meta.id} holds rows that it should not`);
      const left = have.find((row) => deletions.mustBeGone(tenant, row, applied));
      if (left !== undefined)
        throw new Violation("P10", `${meta.id} says that ${applied} was applied, and holds the row ${left}`);
    }
  }
}

/** Every share that a block holds. */
function sharesOf({ meta, rows, segments }: BlockObject): string[] {
  if (meta.level === 0) return [...rows.keys()].map((tenant) => `${meta.id}/${tenant}`);
  return [...segments].map((segment) => `${segment}/${meta.tenant}`);
}
