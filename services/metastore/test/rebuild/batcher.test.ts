import { describe, expect, it } from "@jest/globals";
import { Batcher } from "../../src/rebuild/batcher.ts";

describe("Batcher", () => {
  it.each([
    { name: "nothing makes no batch", sizes: [], want: [] },
    { name: "a batch ends with its last item", sizes: [1, 1, 1, 1], want: [[1, 1, 1], [1]] },
    { name: "a batch ends before what does not fit", sizes: [60, 41, 2], want: [[60], [41, 2]] },
    { name: "a batch may be filled to the byte", sizes: [60, 40, 1], want: [[60, 40], [1]] },
    { name: "what is too large goes alone", sizes: [1, 500, 1], want: [[1], [500], [1]] },
  ])("$name", ({ sizes, want }) => {
    const batcher = new Batcher<number>({ maxCount: 3, maxBytes: 100 });
    const batches = sizes
      .flatMap((size) => [batcher.add(size, size) ?? []])
      .filter(({ length }) => length > 0);
    expect([...batches, ...[batcher.take() ?? []].filter(({ length }) => length > 0)]).toEqual(want);
    expect(batcher.take()).toBeUndefined();
  });
});
