import { Arena, type Memory } from "@hearth/arena";
import { decodeProfileColumns, ProfileMerger } from "@hearth/profile";
import { BlockWriter, type BlockIdentity } from "./block-writer.ts";
import { encodeBlockMeta } from "./codec/block-meta-codec.ts";

/** What was pushed of one tenant and service since the last flush. */
export interface SegmentDataset {
  readonly tenant: string;
  readonly service: string;
  /** Profile columns as `@hearth/profile` encodes them. */
  readonly batches: readonly Uint8Array[];
}

export interface SegmentInput extends Pick<BlockIdentity, "id" | "shard" | "createdBy"> {
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
  const writer = new BlockWriter({ ...input, tenant: "", level: 0 });
  const failures: { dataset: number; message: string }[] = [];
  for (const [index, dataset] of input.datasets.entries()) {
    try {
      arena.reset();
      addDataset(writer, dataset, arena);
    } catch (error) {
      failures.push({ dataset: index, message: error instanceof Error ? error.message : String(error) });
    }
  }
  if (writer.datasetCount === 0) return { bytes: new Uint8Array(0), meta: new Uint8Array(0), failures };
  const { bytes, meta } = writer.finish();
  return { bytes, meta: encodeBlockMeta(meta), failures };
}

function addDataset(writer: BlockWriter, { tenant, service, batches }: SegmentDataset, memory: Memory): void {
  const merger = new ProfileMerger(memory);
  for (const batch of batches) merger.add(decodeProfileColumns(batch));
  if (merger.rowCount > 0) writer.addDataset(tenant, service, merger.build(), memory);
}
