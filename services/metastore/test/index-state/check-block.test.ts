import { describe, expect, it } from "@jest/globals";
import type { BlockMeta, DatasetMeta } from "@hearth/block";
import { seededRandom } from "@hearth/runtime";
import { blockRefusal, isTenant } from "../../src/index-state/check-block.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const id = ulidAt(START_MS, seededRandom(1));
const withDataset = (fields: Partial<DatasetMeta>, of: Partial<BlockMeta> = {}): BlockMeta =>
  block(id, { minTimeMs: START_MS, maxTimeMs: START_MS + 1_000, datasets: [dataset(fields)], ...of });

describe("blockRefusal", () => {
  it.each([
    { name: "a segment", block: block(id) },
    { name: "a block of one tenant", block: block(id, { level: 1, tenant: "acme" }) },
    { name: "a block of one instant", block: withDataset({ maxTimeMs: START_MS }) },
    { name: "a dataset without label sets", block: withDataset({ labelSets: [] }) },
    { name: "a dataset that fills the block", block: withDataset({ sizeBytes: 10_000 }) },
  ])("lets pass $name", ({ block }) => {
    expect(blockRefusal(block)).toBeUndefined();
  });

  const section = {
    kind: "series",
    offset: 0,
    sizeBytes: 1,
    rawSizeBytes: 1,
    crc: 0,
    codec: "none",
  } as const;
  it.each([
    { block: block("01J"), want: "the id is not a ulid" },
    { block: block(id.toLowerCase()), want: "the id is not a ulid" },
    { block: block(id, { shard: 0 }), want: "the shard is out of range" },
    { block: block(id, { level: 16 }), want: "the level is out of range" },
    { block: block(id, { formatVersion: 0 }), want: "the format version is missing" },
    { block: block(id, { minTimeMs: START_MS + 1_001 }), want: "the time range is invalid" },
    { block: block(id, { minTimeMs: -1 }), want: "the time range is invalid" },
    { block: block(id, { sizeBytes: 2 ** 53 }), want: "the size is out of range" },
    { block: block(id, { datasets: [], minTimeMs: 0, maxTimeMs: 1 }), want: "there are no datasets" },
    { block: block(id, { tenant: "acme" }), want: "a segment belongs to no tenant" },
    { block: block(id, { level: 1 }), want: "the tenant is invalid" },
    { block: block(id, { level: 1, tenant: "../x" }), want: "the tenant is invalid" },
    { block: withDataset({ tenant: "" }), want: "dataset 0: the tenant is invalid" },
    {
      block: withDataset({ tenant: "b" }, { level: 1, tenant: "a" }),
      want: "dataset 0: the tenant is not that of the block",
    },
    {
      block: withDataset({ minTimeMs: START_MS - 1 }),
      want: "dataset 0: the time range is not within that of the block",
    },
    { block: withDataset({ sizeBytes: 10_001 }), want: "dataset 0: the bytes are not within the block" },
    {
      block: withDataset({ offset: 4, sections: [section] }),
      want: "dataset 0: a section is invalid",
    },
    { block: withDataset({ seriesCount: -1 }), want: "dataset 0: a count is out of range" },
    {
      block: withDataset({ labelSets: [[{ name: "", value: "x" }]] }),
      want: "dataset 0: a label name is invalid",
    },
  ])("refuses with: $want", ({ block, want }) => {
    expect(blockRefusal(block)).toBe(want);
  });
});

describe("isTenant", () => {
  it.each(["a", "Acme-1_2.3*'()!", "...", "x".repeat(150)])("allows %s", (tenant) => {
    expect(isTenant(tenant)).toBe(true);
  });
  it.each(["", ".", "..", "a/b", "a b", "ä", "a|b", "x".repeat(151)])("refuses %j", (tenant) => {
    expect(isTenant(tenant)).toBe(false);
  });
});
