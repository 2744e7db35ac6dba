import type { BlockMeta } from "@hearth/block";

import type { CompactionJob } from "../jobs/job.ts";

/** What a merge made. */
interface Outputs {
  readonly outputs: readonly { readonly meta: BlockMeta }[];
  readonly repeatedRows: number;
}

/**
 * What is wrong with the outputs of a job, by their metadata: the metastore would not take them, or data would be lost.
 *
 * @returns undefined when nothing is.
 */
export function problemOfOutputs(job: CompactionJob, { outputs, repeatedRows }: Outputs): string | undefined {
  const metas = outputs.map(({ meta }) => meta);
  const misplaced = metas.find(({ level, shard }) => level !== job.level + 1 || shard !== job.shard);
  if (misplaced) {
    const { id, level, shard } = misplaced;
    return `output is of another level or shard: block=${id} level=${level} shard=${shard}`;
  }
  const wanted = tenantsOf(job.sources);
  const made = metas.map(({ tenant }) => tenant).sort();
  if (made.join("/") !== wanted.join("/")) {
    return `outputs are of other tenants: sources=${wanted.length} outputs=${made.length}`;
  }
  const rowsIn = rowsOf(job.sources);
  const rowsOut = rowsOf(metas);
  if (rowsIn === rowsOut + repeatedRows) return undefined;
  return `rows do not add up: sources=${rowsIn} outputs=${rowsOut} repeated=${repeatedRows}`;
}

/** Distinct and sorted. */
function tenantsOf(blocks: readonly BlockMeta[]): string[] {
  return [...new Set(blocks.flatMap(({ datasets }) => datasets.map(({ tenant }) => tenant)))].sort();
}

function rowsOf(blocks: readonly BlockMeta[]): number {
  return blocks.reduce(
    (sum, { datasets }) => datasets.reduce((rows, { profileCount }) => rows + profileCount, sum),
    0,
  );
}
