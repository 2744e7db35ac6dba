import { Arena, type Memory } from "@hearth/arena";
import { decodeProfileColumns, ProfileMerger } from "@hearth/profile";
import type { BlockMeta } from "./block-meta.ts";
import { BlockWriter } from "./block-writer.ts";
import { encodeBlockMeta } from "./codec/block-meta-codec.ts";
import { MemoryPartSink } from "./part-sink.ts";

/** What was pushed of one tenant and service since the last flush. */
export interface SegmentDataset {
  readonly tenant: string;
  readonly service: string;
  /** Profile columns as `@hearth/profile` encodes them. */
  readonly batches: readonly Uint8Array[];
}

export interface SegmentInput extends Pick<BlockMeta, "id" | "shard" | "createdBy"> {
  readonly datasets: readonly SegmentDataset[];
}

export interface BuiltSegment {
  /** The object, or empty when no dataset could be built. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its metadata, encoded. */
  readonly meta: Uint8Array;
  /** Datasets that are not in it, and why. */
  readonly failures: readonly { readonly dataset: number; readonly message: string }[];
}

/**
 * Builds a segment: the profiles of each dataset merged, repeats dropped. A dataset that cannot be read fails by itself
 * and leaves the others alone. CPU-bound: a worker thread calls it.
 *
 * @param arena - the thread's own: each dataset takes all of it. What is returned does not lie in it.
 */
export function buildSegment(input: SegmentInput, arena: Arena = new Arena()): BuiltSegment {
  const { id, shard, createdBy } = input;
  const sink = new MemoryPartSink();
  const writer = new BlockWriter({ tenant: "", shard, level: 0, createdBy }, sink);
  const failures: { dataset: number; message: string }[] = [];
  for (const [index, dataset] of input.datasets.entries()) {
    try {
      arena.reset();
      addDataset(writer, dataset, arena);
    } catch (error) {
      failures.push({ dataset: index, message: error instanceof Error ? error.message : String(error) });
    }
  }
  if (writer.datasets.length === 0) return { bytes: new Uint8Array(0), meta: new Uint8Array(0), failures };
  const meta = writer.finish(id);
  return { bytes: sink.build(), meta: encodeBlockMeta(meta), failures };
}

function addDataset(writer: BlockWriter, { tenant, service, batches }: SegmentDataset, memory: Memory): void {
  const merger = new ProfileMerger(memory);
  for (const batch of batches) merger.add(decodeProfileColumns(batch));
  if (merger.rowCount > 0) writer.addDataset(tenant, service, merger.build(), memory);
}
