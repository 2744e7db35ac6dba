/** Blocks that are texts: rows of tenants, merged in the plainest way. */
import { createHash } from "node:crypto";

import type { BlockMeta, SourceFault } from "@hearth/block";
import { Code, DomainError } from "@hearth/errors";
import { blockObjectKey, ObjectNotFoundError, type ObjectStore } from "@hearth/object-store";

import type { CompactionJob } from "../../src/jobs/job.ts";
import type { Merged, MergedOutput, Merger } from "../../src/merge/merger.ts";
import { isTransient } from "../../src/storage-retry.ts";
import { blockMeta } from "./jobs.ts";

/** `tenant/name`; the same row may be in several blocks. */
export type Row = string;

export interface TextBlock {
  readonly meta: BlockMeta;
  readonly bytes: Uint8Array;
}

/** @param place.tenant - empty for a segment. */
export function textBlock(
  place: { readonly id: string; readonly tenant: string; readonly shard: number; readonly level: number },
  rows: readonly Row[],
): TextBlock {
  const bytes = new Uint8Array(Buffer.from(JSON.stringify(rows)));
  const tenants = [...new Set(rows.map(tenantOf))].sort();
  const datasets = tenants.map((tenant) => ({
    tenant,
    service: "api",
    minTimeMs: 0,
    maxTimeMs: 0,
    offset: 0,
    sizeBytes: bytes.length,
    sections: [],
    labelSets: [],
    seriesCount: 1,
    profileCount: rows.filter((row) => tenantOf(row) === tenant).length,
    sampleCount: 1,
  }));
  return { meta: blockMeta({ ...place, sizeBytes: bytes.length, datasets }), bytes };
}

/** @throws {SyntaxError} when the bytes are no block. */
export function rowsOf(bytes: Uint8Array): Row[] {
  return JSON.parse(Buffer.from(bytes).toString()) as Row[];
}

/** Merges text blocks of a bucket. */
export class TextMerger implements Merger {
  readonly #store: ObjectStore;
  /** Waited for before each merge ends. */
  readonly #pause: (job: CompactionJob, signal: AbortSignal) => Promise<void>;

  constructor(store: ObjectStore, pause: (job: CompactionJob, signal: AbortSignal) => Promise<void>) {
    this.#store = store;
    this.#pause = pause;
  }

  async merge<T>(job: CompactionJob, use: (merged: Merged) => Promise<T>, signal: AbortSignal): Promise<T> {
    return use(await this.#merge(job, signal));
  }

  async #merge(job: CompactionJob, signal: AbortSignal): Promise<Merged> {
    const rows: Row[] = [];
    const faults: SourceFault[] = [];
    for (const source of job.sources) {
      try {
        rows.push(...rowsOf(await this.#store.get(blockObjectKey(source), signal)));
      } catch (error) {
        if (isTransient(error)) return { type: "trouble", reason: String(error) };
        faults.push(faultOf(source, error));
      }
    }
    await this.#pause(job, signal);
    return faults.length > 0 ? { type: "faults", faults } : merged(job, rows);
  }
}

function faultOf({ id }: BlockMeta, error: unknown): SourceFault {
  if (error instanceof DomainError && error.code === Code.Canceled) throw error;
  const isMissing = error instanceof ObjectNotFoundError;
  return { block: id, kind: isMissing ? "missing" : "damaged", reason: String(error) };
}

function merged(job: CompactionJob, rows: readonly Row[]): Merged {
  const distinct = [...new Set(rows)].sort();
  const tenants = [...new Set(distinct.map(tenantOf))];
  const outputs = tenants.map((tenant) =>
    output(
      job,
      tenant,
      distinct.filter((row) => tenantOf(row) === tenant),
    ),
  );
  const repeatedRows = rows.length - distinct.length;
  return { type: "merged", outputs, repeatedRows, deletedRows: new Map(), summedRows: 0 };
}

/** The id is made of the time of the newest source, and of what was merged. */
function output(job: CompactionJob, tenant: string, rows: readonly Row[]): MergedOutput {
  const newest =
    job.sources
      .map(({ id }) => id)
      .sort()
      .at(-1) ?? "";
  const hash = createHash("sha256")
    .update(JSON.stringify([job.sources.map(({ id }) => id), tenant, rows]))
    .digest("hex")
    .toUpperCase();
  const id = newest.slice(0, 10) + hash.slice(0, 16);
  const { meta, bytes } = textBlock({ id, tenant, shard: job.shard, level: job.level + 1 }, rows);
  return { meta, content: { type: "memory", bytes } };
}

function tenantOf(row: Row): string {
  return row.slice(0, row.indexOf("/"));
}
