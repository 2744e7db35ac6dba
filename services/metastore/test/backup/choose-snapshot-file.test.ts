import { describe, expect, it } from "@jest/globals";
import { chooseSnapshotFile } from "../../src/backup/choose-snapshot-file.ts";

const file = (name: string) => ({ name, isPlainFile: true });
const other = (name: string) => ({ name, isPlainFile: false });
const ofNode = (index: number): string => `snapshot-${String(index).padStart(16, "0")}.bin`;

describe("chooseSnapshotFile", () => {
  it.each([
    { name: "a node's file", entries: [file(ofNode(9))], want: ofNode(9) },
    { name: "a copy from the bucket", entries: [file("9-3.bin")], want: "9-3.bin" },
    {
      name: "the highest index, as a number",
      entries: [file("9-3.bin"), file("100-3.bin"), file(ofNode(20))],
      want: "100-3.bin",
    },
    {
      name: "what is not called like a snapshot is passed over",
      entries: [other("lost+found"), file("notes.txt"), file(`${ofNode(99)}.tmp`), file(ofNode(9))],
      want: ofNode(9),
    },
  ])("$name", ({ entries, want }) => {
    expect(chooseSnapshotFile(entries)).toBe(want);
  });

  it.each([
    { name: "nothing", entries: [], problem: "there is no snapshot" },
    { name: "names that climb", entries: [file("../9-3.bin"), file("..")], problem: "there is no snapshot" },
    {
      name: "snapshots of the original",
      entries: [other("2-9-1700000000")],
      problem: "there is no snapshot",
    },
    { name: "a link, folder or device", entries: [other("9-3.bin")], problem: "not a plain file: 9-3.bin" },
    {
      name: "a newest that is none, rather than the one before",
      entries: [other("9-3.bin"), file("5-3.bin")],
      problem: "not a plain file: 9-3.bin",
    },
    {
      name: "two of one index",
      entries: [file("9-3.bin"), file(ofNode(9))],
      problem: "two snapshots have the same index",
    },
  ])("refuses $name", ({ entries, problem }) => {
    expect(() => chooseSnapshotFile(entries)).toThrow(problem);
  });
});
