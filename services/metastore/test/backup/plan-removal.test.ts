import { describe, expect, it } from "@jest/globals";
import { metastoreSnapshotKey } from "@hearth/object-store";
import { copiesToRemove } from "../../src/backup/plan-removal.ts";

const clusterId = "0123456789abcdef0123456789abcdef";
const key = (index: number, term = 1): string => metastoreSnapshotKey({ clusterId, index, term });
const copy = (index: number, modifiedUnixMs: number) => ({ key: key(index), modifiedUnixMs });

describe("copiesToRemove", () => {
  it.each([
    { name: "nothing while there are few", copies: [copy(5, 1), copy(9, 2)], retain: 3, want: [] },
    {
      name: "the oldest beyond the number",
      copies: [copy(5, 1), copy(7, 2), copy(9, 3)],
      retain: 2,
      want: [key(5)],
    },
    {
      name: "those of a former life, though they count higher",
      copies: [copy(500, 1), copy(700, 2), copy(9, 3)],
      retain: 2,
      want: [key(500)],
    },
    {
      name: "never the one that was just stored, whatever the bucket's clock says",
      copies: [copy(9, 1), copy(5, 2), copy(7, 3)],
      retain: 1,
      want: [key(7), key(5)],
    },
    {
      name: "by index when the times are the same",
      copies: [copy(5, 1), copy(7, 1), copy(9, 1)],
      retain: 2,
      want: [key(5)],
    },
    {
      name: "no object that is no copy",
      copies: [{ key: `metastore/snapshots/${clusterId}/notes.txt`, modifiedUnixMs: 0 }, copy(9, 1)],
      retain: 1,
      want: [],
    },
  ])("names $name", ({ copies, retain, want }) => {
    expect(copiesToRemove(copies, { retain, justStored: key(9) })).toEqual(want);
  });
});
