/** Runs in a worker thread: reads the sources of a job and merges them. */
import {
  FaultySourcesError,
  mergeBlocks,
  type BlockMeta,
  type MergeDeletions,
  type MergeSource,
} from "@hearth/block";
import { blockObjectKey, FilesystemObjectStore } from "@hearth/object-store";
import { retry, systemClock, systemRandom } from "@hearth/runtime";
import { transferring, workerTask } from "@hearth/worker-pool";

import { RateLimit } from "../rate-limit.ts";
import { isTransient, STORAGE_RETRIES } from "../storage-retry.ts";
import { standBack } from "./low-priority.ts";
import type { Merged } from "./merger.ts";
import { OutputSpool } from "./output-spool.ts";

export interface MergeTask {
  readonly sources: readonly BlockMeta[];
  readonly deletions: MergeDeletions;
  /** That of a tier; 0 for the next level. */
  readonly outputLevel: number;
  /** Root folder of the bucket. */
  readonly storageDir: string;
  /** For outputs that are too large for memory; it need not be there. */
  readonly folder: string;
  /** What outputs may take of memory. */
  readonly memoryBytes: number;
  /** That this thread may read; 0: no limit. */
  readonly maxBytesPerSecond: number;
  readonly niceness: number;
}

const deps = { clock: systemClock, random: systemRandom };
/** The thread is ended when nobody waits for it any more. */
const { signal } = new AbortController();

/** Merges the sources of a job: outputs, or what is at fault. */
export const merge = workerTask(async (task: MergeTask) => {
  standBack(task.niceness);
  using spool = new OutputSpool(task.folder, task.memoryBytes);
  try {
    const merged = await mergeInto(spool, task);
    return transferring(merged, buffersOf(merged));
  } catch (error) {
    return transferring(describe(error), []);
  }
});

async function mergeInto(spool: OutputSpool, task: MergeTask): Promise<Merged> {
  const sources = openSources(task);
  const { deletions, outputLevel } = task;
  const input = { sources, openSink: () => spool.open(), deletions, outputLevel };
  const { repeatedRows, deletedRows, summedRows, ...result } = await mergeBlocks(input, signal);
  const outputs = result.outputs.map(({ meta, sink }) => ({ meta, content: sink.finish() }));
  return { type: "merged", outputs, repeatedRows, deletedRows, summedRows };
}

function openSources({ sources, storageDir, maxBytesPerSecond }: MergeTask): MergeSource[] {
  const store = new FilesystemObjectStore({ dir: storageDir }, deps);
  const limit = new RateLimit(maxBytesPerSecond, systemClock);
  return sources.map((meta) => {
    const key = blockObjectKey(meta);
    const read = async (offset: number, length: number, stop: AbortSignal): Promise<Uint8Array> => {
      await limit.take(length, stop);
      return retry(() => store.getRange(key, { offset, length }, stop), STORAGE_RETRIES, deps, stop);
    };
    return { meta, reader: { read } };
  });
}

/** @throws the error itself when it is about neither the sources nor the bucket. */
function describe(error: unknown): Merged {
  if (error instanceof FaultySourcesError) return { type: "faults", faults: error.faults };
  if (isTransient(error)) return { type: "trouble", reason: String(error) };
  throw error;
}

function buffersOf(merged: Merged): ArrayBufferLike[] {
  if (merged.type !== "merged") return [];
  return merged.outputs.flatMap(({ content }) => (content.type === "memory" ? [content.bytes.buffer] : []));
}
