import { DataLossError, NotFoundError, UnavailableError } from "@hearth/errors";
import { describe, expect, it } from "@jest/globals";
import type { RowSketch } from "@hearth/testing";
import {
  blockId,
  never,
  type PlacedRow,
  readerOf,
  segmentOf,
  sourceOf,
  type StoredBlock,
} from "../../test/support/merge-fixture.ts";
import {
  type FaultySourcesError,
  MemoryPartSink,
  mergeBlocks,
  type MergeSource,
  type RangeReader,
  type SectionKind,
} from "../index.ts";

const row: RowSketch = {
  labels: { service_name: "shop", pod: "a" },
  timeMs: 1_700_000_000_000,
  id: 1,
  samples: [["main;work", 1n]],
};
const placed: PlacedRow[] = [
  { tenant: "acme", service: "shop", row },
  { tenant: "zoo", service: "till", row },
];
const blocks = [1, 2, 3].map((number) => segmentOf(placed, number));
const [first, second, third] = blocks as [StoredBlock, StoredBlock, StoredBlock];

const merging = (sources: readonly MergeSource[], signal = never): Promise<unknown> =>
  mergeBlocks({ sources, openSink: () => new MemoryPartSink() }, signal);

const failing = ({ meta }: StoredBlock, error: Error): MergeSource => ({
  meta,
  reader: { read: () => Promise.reject(error) },
});

function damaged({ meta, bytes }: StoredBlock, dataset: number, kind: SectionKind): MergeSource {
  const changed = bytes.slice();
  const section = meta.datasets[dataset]!.sections.find((each) => each.kind === kind)!;
  changed[section.offset + Math.floor(section.sizeBytes / 2)]! ^= 1;
  return { meta, reader: readerOf(changed) };
}

const faultsOf = async (sources: readonly MergeSource[]): Promise<[string, string][]> => {
  const error = (await merging(sources).catch((thrown: unknown) => thrown)) as FaultySourcesError;
  expect(error.name).toBe("FaultySourcesError");
  return error.faults.map(({ block, kind }) => [block, kind]);
};

describe("a merge", () => {
  it("names a source that is missing", async () => {
    const missing = failing(second, new NotFoundError("object not found"));
    expect(await faultsOf([sourceOf(first), missing, sourceOf(third)])).toEqual([[blockId(2), "missing"]]);
  });

  it.each(["series", "profiles", "names", "samples", "symbols"] as const)(
    "names a source whose section %s is damaged, in any dataset",
    async (kind) => {
      for (const dataset of [0, 1]) {
        const sources = [sourceOf(first), damaged(second, dataset, kind), sourceOf(third)];
        expect(await faultsOf(sources)).toEqual([[blockId(2), "damaged"]]);
      }
    },
  );

  it("names all sources at fault at once, each with what came first", async () => {
    const sources = [
      failing(third, new NotFoundError("object not found")),
      damaged(second, 1, "samples"),
      failing(first, new DataLossError("the object ends before the range does")),
    ];
    expect(await faultsOf(sources)).toEqual([
      [blockId(1), "damaged"],
      [blockId(2), "damaged"],
      [blockId(3), "missing"],
    ]);
  });

  it("names a source that does not hold as many rows as its metadata says", async () => {
    const datasets = second.meta.datasets.map((dataset) => ({ ...dataset, profileCount: 2 }));
    const lying = { meta: { ...second.meta, datasets }, reader: readerOf(second.bytes) };
    expect(await faultsOf([sourceOf(first), lying])).toEqual([[blockId(2), "damaged"]]);
  });

  it("blames no source for what may pass", async () => {
    const error = new UnavailableError("storage is away");
    await expect(merging([sourceOf(first), failing(second, error)])).rejects.toBe(error);
  });

  it("ends with the reason of its signal", async () => {
    const controller = new AbortController();
    const error = new UnavailableError("lease is lost");
    const reader: RangeReader = {
      read: (offset, length, signal) => {
        controller.abort(error);
        return readerOf(first.bytes).read(offset, length, signal);
      },
    };
    await expect(merging([{ meta: first.meta, reader }], controller.signal)).rejects.toBe(error);
  });

  it("fails as its sink does", async () => {
    const full = new Error("no space left");
    const sink = {
      write(): void {
        throw full;
      },
    };
    const input = { sources: blocks.map(sourceOf), openSink: () => sink };
    await expect(mergeBlocks(input, never)).rejects.toBe(full);
  });

  it("reads a small block of several datasets once, and says how much", async () => {
    const reads: number[] = [];
    const reader: RangeReader = {
      read: (offset, length, signal) => {
        reads.push(length);
        return readerOf(first.bytes).read(offset, length, signal);
      },
    };
    const input = { sources: [{ meta: first.meta, reader }], openSink: () => new MemoryPartSink() };
    const { bytesRead } = await mergeBlocks(input, never);
    expect(reads).toEqual([bytesRead]);
  });
});
