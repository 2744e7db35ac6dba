import { Arena, heap, type Memory } from "@hearth/arena";
import { invariant } from "@hearth/errors";
import { type ProfileColumns, ProfileMerger } from "@hearth/profile";
import { throwIfAborted } from "@hearth/runtime";
import type { BlockMeta } from "../block-meta.ts";
import { BlockWriter } from "../block-writer.ts";
import { openSections, type RangeReader } from "../dataset-reader.ts";
import { decodeDataset } from "../decode-dataset.ts";
import type { PartSink } from "../part-sink.ts";
import { ConservationLedger } from "./conservation.ts";
import { faultOf, FaultySourcesError, type SourceFault } from "./faulty-sources-error.ts";
import { mergedBlockId } from "./merged-block-id.ts";
import type { MergePlan, PlannedDataset, PlannedOutput, PlannedPart } from "./plan-merge.ts";
import { PartReads } from "./read-parts.ts";
import { SourceReader } from "./source-reader.ts";

/** Datasets that are read at once, when the caller does not say. */
const DEFAULT_MAX_READS = 8;
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
   * Opens an empty sink for the output of a tenant, one at a time. Whoever opens sinks closes them, also when merging
   * fails.
   */
  readonly openSink: (tenant: string) => Sink;
  /** Datasets that are read at once; 8 when absent. */
  readonly maxReads?: number;
}

/** A block whose bytes are in `sink`. */
export interface MergedBlock<Sink extends PartSink> {
  readonly meta: BlockMeta;
  readonly sink: Sink;
}

/** `rowsIn = rowsOut + repeatedRows`. */
export interface MergeResult<Sink extends PartSink> {
  /** Sorted by tenant; none when the sources have no rows. */
  readonly outputs: readonly MergedBlock<Sink>[];
  readonly rowsIn: number;
  readonly rowsOut: number;
  /** Rows that came again and were dropped. */
  readonly repeatedRows: number;
  /** What was asked of the readers. */
  readonly bytesRead: number;
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
  #rowsIn = 0;
  #repeatedRows = 0;

  constructor(plan: MergePlan, input: MergeInput<Sink>, signal: AbortSignal) {
    const { sources, openSink, maxReads = DEFAULT_MAX_READS } = input;
    this.#plan = plan;
    this.#openSink = openSink;
    this.#signal = signal;
    this.#readers = new Map(sources.map(({ meta, reader }) => [meta.id, new SourceReader(meta, reader)]));
    const parts = plan.outputs.flatMap(({ datasets }) => datasets.flatMap((dataset) => dataset.parts));
    this.#reads = new PartReads(parts, this.#readers, { maxReads, signal });
  }

  async run(): Promise<MergeResult<Sink>> {
    const outputs: MergedBlock<Sink>[] = [];
    for (const planned of this.#plan.outputs) {
      const output = this.#isFaulty ? await this.#checkTenant(planned) : await this.#mergeTenant(planned);
      if (output) outputs.push(output);
    }
    if (this.#isFaulty) throw new FaultySourcesError([...this.#faults.values()].sort(byBlock));
    return this.#result(outputs);
  }

  async #mergeTenant({ tenant, datasets }: PlannedOutput): Promise<MergedBlock<Sink> | undefined> {
    const { sources, shard, level, outputs } = this.#plan;
    const origin = { sources, outputCount: outputs.length };
    const sink = this.#openSink(tenant);
    const writer = new BlockWriter({ tenant, shard, level, createdBy: "", origin }, sink);
    for (const dataset of datasets) {
      const memory = this.#memoryFor(dataset);
      const merged = await this.#mergeDataset(dataset, memory);
      if (merged) writer.addDataset(tenant, dataset.service, merged, memory);
    }
    if (this.#isFaulty) return undefined;
    const id = mergedBlockId({ sources, tenant, level, datasets: writer.datasets });
    return { meta: writer.finish(id), sink };
  }

  /** @returns nothing when a source is faulty. */
  async #mergeDataset({ parts }: PlannedDataset, memory: Memory): Promise<ProfileColumns | undefined> {
    const merger = new ProfileMerger(memory);
    const ledger = new ConservationLedger();
    for (const part of parts) {
      const columns = await this.#load(part);
      if (columns && !this.#isFaulty) ledger.add(columns, merger.add(columns));
    }
    if (this.#isFaulty) return undefined;
    const merged = merger.build();
    ledger.check(merged, merger.droppedRows);
    this.#rowsIn += merged.rows.count + merger.droppedRows;
    this.#repeatedRows += merger.droppedRows;
    return merged;
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
    invariant(this.#rowsIn === rowsOut + this.#repeatedRows, "merge: rows in are not rows out and repeats");
    return {
      outputs,
      rowsIn: this.#rowsIn,
      rowsOut,
      repeatedRows: this.#repeatedRows,
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
