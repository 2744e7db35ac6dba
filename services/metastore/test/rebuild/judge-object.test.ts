import { describe, expect, it } from "@jest/globals";
import type { BlockMeta } from "@hearth/block";
import { DataLossError, UnavailableError } from "@hearth/errors";
import { blockPlaceOf, metaRefusal, readRefusal, type BlockPlace } from "../../src/rebuild/judge-object.ts";
import { block, dataset } from "../support/blocks.ts";

const id = "01J2VJQPYDC160REPAD2VN88XN";
const otherId = "01J2VJQPYDC160REPAD2VN88XP";

describe("blockPlaceOf", () => {
  it.each([
    [`segments/7/anonymous/${id}/block.bin`, { id, shard: 7, tenant: undefined }],
    [`blocks/7/acme/${id}/block.bin`, { id, shard: 7, tenant: "acme" }],
    [`blocks/7/anonymous/${id}/block.bin`, { id, shard: 7, tenant: "anonymous" }],
    [`segments/7/acme/${id}/block.bin`, undefined],
    [`segments/0/anonymous/${id}/block.bin`, undefined],
    [`segments/7/anonymous/${id}/block.bin.tmp`, undefined],
    [`segments/7/anonymous/not-a-ulid/block.bin`, undefined],
    [`segments/7/anonymous/block.bin`, undefined],
    [`dlq/7/anonymous/${id}/meta.pb`, undefined],
    ["segments/README", undefined],
  ])("%s", (key, place) => {
    expect(blockPlaceOf(key)).toEqual(place);
  });
});

describe("metaRefusal", () => {
  const sizeBytes = 10_000;
  const segment: BlockPlace = { id, shard: 1, tenant: undefined };
  const owned: BlockPlace = { id, shard: 1, tenant: "acme" };
  const merged: Partial<BlockMeta> = { tenant: "acme", level: 1 };
  it.each<{
    name: string;
    place: BlockPlace;
    meta?: Partial<BlockMeta>;
    want: ReturnType<typeof metaRefusal>;
  }>([
    { name: "a segment in its place", place: segment, want: undefined },
    { name: "a block of a tenant in its place", place: owned, meta: merged, want: undefined },
    {
      name: "a copy under another id",
      place: { ...segment, id: otherId },
      want: { kind: "misplaced", reason: `it is the block ${id}` },
    },
    {
      name: "a copy under another shard",
      place: { ...segment, shard: 2 },
      want: { kind: "misplaced", reason: "it is of the shard 1" },
    },
    {
      name: "a segment among the blocks of a tenant",
      place: owned,
      want: { kind: "misplaced", reason: "it is of the level 0" },
    },
    {
      name: "a block of a tenant among the segments",
      place: segment,
      meta: merged,
      want: { kind: "misplaced", reason: "it is of the level 1" },
    },
    {
      name: "a block of another tenant",
      place: { ...owned, tenant: "other" },
      meta: merged,
      want: { kind: "misplaced", reason: "it is of another tenant" },
    },
    {
      name: "an object of another size than it says",
      place: segment,
      meta: { sizeBytes: 9_999 },
      want: { kind: "damaged", reason: "the object has 10000 bytes, its metadata says 9999" },
    },
    {
      name: "metadata that no block can have",
      place: segment,
      meta: { datasets: [dataset({ tenant: ".." })] },
      want: { kind: "invalid", reason: "dataset 0: the tenant is invalid" },
    },
    {
      name: "a dataset of another tenant than the block's",
      place: owned,
      meta: { ...merged, datasets: [dataset({ tenant: "other" })] },
      want: { kind: "invalid", reason: "dataset 0: the tenant is not that of the block" },
    },
  ])("$name", ({ place, meta = {}, want }) => {
    expect(metaRefusal({ place, sizeBytes }, block(id, meta))).toEqual(want);
  });
});

describe("readRefusal", () => {
  it.each([
    { error: new DataLossError("cut off"), want: { kind: "damaged", reason: "cut off" } },
    { error: new UnavailableError("no answer"), want: { kind: "unreadable", reason: "no answer" } },
    { error: "odd", want: { kind: "unreadable", reason: "odd" } },
  ])("$want.kind", ({ error, want }) => {
    expect(readRefusal(error)).toEqual(want);
  });
});
