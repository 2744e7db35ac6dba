import { Arena, heap, type Memory } from "@hearth/arena";
import { compileDeletion, type CompiledDeletion, type DataDeletion } from "@hearth/deletions";
import { invariant } from "@hearth/errors";
import { type ProfileColumns, ProfileMerger, sumRowsByTime } from "@hearth/profile";
import { throwIfAborted } from "@hearth/runtime";
import type { BlockMeta } from "../block-meta.ts";
import { BlockWriter } from "../block-writer.ts";
import { openSections, type RangeReader } from "../dataset-reader.ts";
import { decodeDataset } from "../decode-dataset.ts";
import type { PartSink } from "../part-sink.ts";
import { ConservationLedger } from "./conservation.ts";
import { deletedRows } from "./deleted-rows.ts";
import { faultOf, FaultySourcesError, type SourceFault } from "./faulty-sources-error.ts";
import { mergedBlockId } from "./merged-block-id.ts";
import type { MergePlan, PlannedDataset, PlannedOutput, PlannedPart } from "./plan-merge.ts";
import { PartReads } from "./read-parts.ts";
import { SourceReader } from "./source-reader.ts";

/** Datasets that are read at once, when the caller does not say. */
const DEFAULT_MAX_READS = 8;
/**
 * Blocks from this level on have rollups. Those below are read together with others that may hold the same rows, which a sum
 * cannot tell, and are merged again within minutes.
 */
const ROLLUP_LEVEL = 2;
/** What is stored of a dataset beyond this is merged on the heap, which frees on the way what an arena would hold. */
const ARENA_BYTES = 4 << 20;

/** A block to merge. */
export interface MergeSource {
  readonly meta: BlockMeta;
  readonly reader: RangeReader;
}

export interface MergeInput<Sink extends PartSink> {
  /** Distinct, of one shard and one level, in any order. */
  readonly sources: readonly MergeSource[];
  /**
   * Opens an empty sink for the output of a tenant, one at a time; each gets its last bytes when all are open. Whoever opens
   * sinks closes them, also when merging fails.
   */
  readonly openSink: (tenant: string) => Sink;
  /** Datasets that are read at once; 8 when absent. */
  readonly maxReads?: number;
  /** Rows to leave out; none when absent. */
  readonly deletions?: MergeDeletions;
  /** That of a tier, above that of the sources, to whose resolution rows are summed, if it has one; the next level when absent or 0. */
  readonly outputLevel?: number;
}

/** Rows that were deleted on request. */
export interface MergeDeletions {
  /** All up to {@link upTo} that are in force and concern the sources. */
  readonly list: readonly DataDeletion[];
  /** What the outputs say was applied. */
  readonly upTo: number;
  /** The one source is written anew, into a block of its own level. */
  readonly isRewrite: boolean;
}

/** A block whose bytes are in `sink`. */
export interface MergedBlock<Sink extends PartSink> {
  readonly meta: BlockMeta;
  readonly sink: Sink;
}

/** `rowsIn = rowsOut + repeatedRows + deletedRows + summedRows`. */
export interface MergeResult<Sink extends PartSink> {
  /** Sorted by tenant, one for each of which rows are left. */
  readonly outputs: readonly MergedBlock<Sink>[];
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Rows that came again and were dropped. */
  readonly repeatedRows: number;
  /** Rows that were deleted on request, by tenant; those that lost none are absent. */
  readonly deletedRows: ReadonlyMap<string, number>;
  /** Rows that became part of another. */
  readonly summedRows: number;
  /** What was asked of the readers. */
  readonly bytesRead: number;
}

/** An output that lacks its end. */
interface WrittenOutput<Sink extends PartSink> {
  readonly tenant: string;
  readonly sink: Sink;
  readonly writer: BlockWriter;
}

/** One merge on its way: see `mergeBlocks`. */
export class BlockMerge<Sink extends PartSink> {
  readonly #plan: MergePlan;
  readonly #openSink: (tenant: string) => Sink;
  /** What one dataset is merged in. Not the caller's: between reads, another merge may run. */
  readonly #arena = new Arena();
  /** Symbols of one source, which are merged before the next is decoded. */
  readonly #symbolArena = new Arena();
  readonly #signal: AbortSignal;
  readonly #readers: ReadonlyMap<string, SourceReader>;
  readonly #reads: PartReads;
  /** By block. Once there is one, nothing is merged any more, and the other sources are only checked. */
  readonly #faults = new Map<string, SourceFault>();
  readonly #deletions: readonly CompiledDeletion[];
  readonly #deletionsApplied: number;
  readonly #deletedRows = new Map<string, number>();
  #rowsIn = 0;
  #repeatedRows = 0;
  #summedRows = 0;

  constructor(plan: MergePlan, input: MergeInput<Sink>, signal: AbortSignal) {
    const { sources, openSink, maxReads = DEFAULT_MAX_READS, deletions } = input;
    this.#deletions = (deletions?.list ?? []).map(compileDeletion);
    this.#deletionsApplied = deletions?.upTo ?? 0;
    this.#plan = plan;
    this.#openSink = openSink;
    this.#signal = signal;
    this.#readers = new Map(sources.map(({ meta, reader }) => [meta.id, new SourceReader(meta, reader)]));
    const parts = plan.outputs.flatMap(({ datasets }) => datasets.flatMap((dataset) => dataset.parts));
    this.#reads = new PartReads(parts, this.#readers, { maxReads, signal });
  }

  async run(): Promise<MergeResult<Sink>> {
    const written: WrittenOutput<Sink>[] = [];
    for (const planned of this.#plan.outputs) {
      const output = this.#isFaulty ? await this.#checkTenant(planned) : await this.#mergeTenant(planned);
      if (output) written.push(output);
    }
    if (this.#isFaulty) throw new FaultySourcesError([...this.#faults.values()].sort(byBlock));
    // Each output says how many there are: known only now, since a tenant may have no rows left.
    return this.#result(written.map((output) => this.#finish(output, written.length)));
  }

  /** @returns nothing when a source is faulty, or all rows of the tenant are deleted. */
  async #mergeTenant({ tenant, datasets }: PlannedOutput): Promise<WrittenOutput<Sink> | undefined> {
    const { shard, level } = this.#plan;
    let output: WrittenOutput<Sink> | undefined;
    for (const dataset of datasets) {
      const memory = this.#memoryFor(dataset);
      const merged = await this.#mergeDataset(tenant, dataset, memory);
      if (!merged) continue;
      if (!output) {
        const sink = this.#openSink(tenant);
        const rollups = level >= ROLLUP_LEVEL;
        const writer = new BlockWriter({ tenant, shard, level, createdBy: "" }, sink, { rollups });
        output = { tenant, sink, writer };
      }
      output.writer.addDataset(tenant, dataset.service, merged, memory);
    }
    return this.#isFaulty ? undefined : output;
  }

  #finish({ tenant, sink, writer }: WrittenOutput<Sink>, outputCount: number): MergedBlock<Sink> {
    const { sources, level, isRewrite } = this.#plan;
    const deletionsApplied = this.#deletionsApplied;
    const id = mergedBlockId({ sources, tenant, level, datasets: writer.datasets, deletionsApplied });
    const origin = {
      sources,
      outputCount,
      ...(deletionsApplied > 0 && { deletionsApplied }),
      ...(isRewrite && { isRewrite }),
    };
    return { meta: writer.finish(id, origin), sink };
  }

  /** @returns nothing when a source is faulty, or no row is left. */
  async #mergeDataset(
    tenant: string,
    { parts }: PlannedDataset,
    memory: Memory,
  ): Promise<ProfileColumns | undefined> {
    const merger = new ProfileMerger(memory);
    const ledger = new ConservationLedger();
    for (const part of parts) {
      const columns = await this.#load(part);
      if (!columns || this.#isFaulty) continue;
      const deleted = deletedRows(columns, part.dataset, this.#deletions);
      ledger.add(columns, merger.add(columns, deleted), deleted?.count ?? 0);
      this.#noteDeleted(tenant, deleted?.count ?? 0);
    }
    if (this.#isFaulty) return undefined;
    if (merger.rowCount === 0) return undefined;
    const merged = merger.build();
    ledger.check(merged, merger.droppedRows);
    this.#rowsIn += merged.rows.count + merger.droppedRows;
    this.#repeatedRows += merger.droppedRows;
    return this.#sum(merged, ledger, memory);
  }

  /** What goes into the output: sums when it is of a tier. */
  #sum(merged: ProfileColumns, ledger: ConservationLedger, memory: Memory): ProfileColumns {
    const { tier } = this.#plan;
    if (!tier || tier.resolutionMs === 0) return merged;
    const summed = sumRowsByTime(merged, tier.resolutionMs, memory);
    ledger.checkSums(summed);
    this.#summedRows += merged.rows.count - summed.rows.count;
    return summed;
  }

  #noteDeleted(tenant: string, count: number): void {
    if (count === 0) return;
    this.#rowsIn += count;
    this.#deletedRows.set(tenant, (this.#deletedRows.get(tenant) ?? 0) + count);
  }

  async #checkTenant({ datasets }: PlannedOutput): Promise<undefined> {
    for (const { parts } of datasets) for (const part of parts) await this.#load(part);
  }

  /** The next part, whose symbols are good until the one after it; nothing when its source is at fault. */
  async #load({ block, dataset }: PlannedPart): Promise<ProfileColumns | undefined> {
    throwIfAborted(this.#signal);
    const read = await this.#reads.next();
    if (this.#faults.has(block)) return undefined;
    try {
      if (read.type === "failed") throw read.error;
      this.#symbolArena.reset();
      return decodeDataset(dataset, openSections(read.sections, block), this.#symbolArena);
    } catch (error) {
      const fault = faultOf(block, error);
      if (!fault) throw error;
      this.#faults.set(block, fault);
      return undefined;
    }
  }

  #memoryFor({ parts }: PlannedDataset): Memory {
    this.#arena.reset();
    const sizeBytes = parts.reduce((sum, { dataset }) => sum + dataset.sizeBytes, 0);
    return sizeBytes <= ARENA_BYTES ? this.#arena : heap;
  }

  #result(outputs: readonly MergedBlock<Sink>[]): MergeResult<Sink> {
    const rowsOut = sum(outputs.flatMap(({ meta }) => meta.datasets.map(({ profileCount }) => profileCount)));
    const deleted = sum([...this.#deletedRows.values()]);
    invariant(
      this.#rowsIn === rowsOut + this.#repeatedRows + deleted + this.#summedRows,
      "merge: rows in are not rows out, repeats, deleted and summed rows",
    );
    return {
      outputs,
      rowsIn: this.#rowsIn,
      rowsOut,
      repeatedRows: this.#repeatedRows,
      deletedRows: this.#deletedRows,
      summedRows: this.#summedRows,
      bytesRead: sum(Array.from(this.#readers.values(), ({ bytesRead }) => bytesRead)),
    };
  }

  get #isFaulty(): boolean {
    return this.#faults.size > 0;
  }
}

function byBlock(a: SourceFault, b: SourceFault): number {
  return a.block < b.block ? -1 : 1;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
