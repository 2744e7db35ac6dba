import { bench, group } from "mitata";

import type { LeafQuery } from "../services/query-backend/src/leaf/leaf-request.ts";
import {
  ask,
  depsOf,
  readsOf,
  rolledUpBlocks,
  SAMPLES,
  type StoredBlock,
  withoutRollups,
} from "./rolled-up-blocks.ts";

const BLOCKS = 4;
const PROFILES = 200;
const SELECTOR = { spanIds: [], traceIds: [], profileIds: [], callSite: [] };
const TREE: LeafQuery = { type: "tree", selector: SELECTOR };
const PPROF: LeafQuery = { type: "pprof", selector: SELECTOR };
const TIME_SERIES: LeafQuery = {
  type: "timeSeries",
  originMs: 0,
  stepMs: 60_000,
  groupBy: [],
  callSite: [],
  exemplars: false,
};

/** Questions about all of the time of compacted blocks. */
export async function register(): Promise<void> {
  const blocks = rolledUpBlocks({ blocks: BLOCKS, profiles: PROFILES });
  const without = withoutRollups(blocks);
  const questions: readonly [string, LeafQuery, readonly StoredBlock[]][] = [
    ["flame graph, rows", TREE, without],
    ["flame graph, rollups", TREE, blocks],
    ["pprof, rows", PPROF, without],
    ["pprof, rollups", PPROF, blocks],
    ["time series", TIME_SERIES, blocks],
  ];
  const reads = await Promise.all(questions.map(([, query, asked]) => readsOf(query, asked)));
  const total = blocks.reduce((sum, { bytes }) => sum + bytes.length, 0);
  group(
    `${BLOCKS} blocks of ${PROFILES} profiles of ${SAMPLES} samples of 2 types, ${megabytes(total)}`,
    () => {
      for (const [i, [name, query, asked]] of questions.entries()) {
        const { bytes, requests } = reads[i]!;
        bench(`${name}, ${megabytes(bytes)} in ${requests} requests`, () =>
          ask(query, asked, depsOf(asked, 0)));
        const kept = depsOf(asked, 1 << 30);
        bench(`${name}, asked before`, () => ask(query, asked, kept));
      }
    },
  );
}

function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(2)} MB`;
}
