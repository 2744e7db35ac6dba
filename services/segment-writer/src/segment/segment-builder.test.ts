import { describe, expect, it } from "@jest/globals";

import { packDatasets } from "./segment-builder.ts";

describe("packDatasets", () => {
  it("lays all batches into one buffer of its own, aligned, and leaves the originals alone", () => {
    const request = Uint8Array.from({ length: 40 }, (_, index) => index);
    const datasets = [
      { tenant: "a", service: "x", batches: [request.subarray(1, 4), request.subarray(4, 12)] },
      { tenant: "b", service: "y", batches: [new Uint8Array(), request.subarray(20, 33)] },
    ];
    const packed = packDatasets(datasets);
    expect(packed.datasets).toEqual(datasets);
    const views = packed.datasets.flatMap(({ batches }) => batches);
    expect(views.map(({ byteOffset }) => byteOffset)).toEqual([0, 8, 16, 16]);
    expect(views.every(({ buffer }) => buffer === packed.buffer)).toBe(true);
    expect(packed.buffer.byteLength).toBe(32);
    expect(packed.buffer).not.toBe(request.buffer);
  });
});
