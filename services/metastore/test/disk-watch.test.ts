import { describe, expect, it } from "@jest/globals";
import { spaceProblem } from "../src/disk/disk-watch.ts";

const MIB = 2 ** 20;
const GIB = 2 ** 30;

describe("spaceProblem", () => {
  it.each([
    { freeBytes: 512 * MIB, totalBytes: 1_000 * GIB },
    { freeBytes: GIB / 20, totalBytes: GIB },
    { freeBytes: 0, totalBytes: 0 },
  ])("has none with $freeBytes of $totalBytes bytes free", (space) => {
    expect(spaceProblem(space)).toBeUndefined();
  });

  it.each([
    { freeBytes: 512 * MIB - 1, totalBytes: 1_000 * GIB },
    { freeBytes: GIB / 20 - 1, totalBytes: GIB },
  ])("names it with $freeBytes of $totalBytes bytes free", (space) => {
    expect(spaceProblem(space)).toContain(`free_bytes=${space.freeBytes}`);
  });
});
