import { describe, expect, it } from "@jest/globals";

import { movableDatasets } from "./segment-builder.ts";

describe("movableDatasets", () => {
  const request = Uint8Array.from({ length: 40 }, (_, index) => index);

  it("lays batches that are parts of a request into one buffer of its own, aligned", () => {
    const datasets = [
      { tenant: "a", service: "x", batches: [request.subarray(1, 4), request.subarray(4, 12)] },
      { tenant: "b", service: "y", batches: [new Uint8Array(), request.subarray(20, 33)] },
    ];
    const movable = movableDatasets(datasets);
    expect(movable.datasets).toEqual(datasets);
    const views = movable.datasets.flatMap(({ batches }) => batches);
    expect(views.map(({ byteOffset }) => byteOffset)).toEqual([0, 8, 16, 16]);
    expect(movable.buffers).toHaveLength(1);
    expect(movable.buffers[0]!.byteLength).toBe(32);
    expect(views.every(({ buffer }) => buffer === movable.buffers[0])).toBe(true);
    expect(movable.buffers[0]).not.toBe(request.buffer);
  });

  it("moves a batch that is all there is in its buffer, and copies it where it comes again", () => {
    const whole = Uint8Array.of(1, 2, 3);
    const datasets = [{ tenant: "a", service: "x", batches: [whole, request.subarray(5, 9), whole] }];
    const movable = movableDatasets(datasets);
    expect(movable.datasets).toEqual(datasets);
    const [moved, , copied] = movable.datasets[0]!.batches;
    expect(moved!.buffer).toBe(whole.buffer);
    expect(copied!.buffer).not.toBe(whole.buffer);
    expect(movable.buffers).toEqual([whole.buffer, copied!.buffer]);
  });
});
