import { describe, expect, it } from "@jest/globals";
import { Code } from "@hearth/errors";

import { batchFailures, OpenSegment } from "./open-segment.ts";

function batch(service: string, byte: number) {
  return { service, columns: Uint8Array.of(byte) };
}

describe("OpenSegment", () => {
  it("gathers batches by tenant and service, and remembers whose they are", () => {
    const segment = new OpenSegment(3, 100);
    void segment.add({ tenant: "a", shard: 3, batches: [batch("x", 1), batch("y", 2)] });
    void segment.add({ tenant: "b", shard: 3, batches: [batch("x", 3)] });
    void segment.add({ tenant: "a", shard: 3, batches: [batch("y", 4), batch("z", 5), batch("y", 6)] });

    const { datasets, pushes, shard } = segment.close();
    expect(shard).toBe(3);
    expect(
      datasets.map(({ tenant, service, batches }) => [tenant, service, batches.map(([byte]) => byte)]),
    ).toEqual([
      ["a", "x", [1]],
      ["a", "y", [2, 4, 6]],
      ["b", "x", [3]],
      ["a", "z", [5]],
    ]);
    expect(pushes.map((push) => push.datasets)).toEqual([[0, 1], [2], [1, 3, 1]]);
  });

  it("keeps names apart whatever they hold", () => {
    const segment = new OpenSegment(1, 0);
    void segment.add({ tenant: "a", shard: 1, batches: [batch("__proto__", 1), batch("", 2)] });
    void segment.add({ tenant: "__proto__", shard: 1, batches: [batch("a", 3)] });
    expect(segment.close().datasets).toHaveLength(3);
  });

  it("counts bytes, and something for each batch", () => {
    const segment = new OpenSegment(1, 0);
    void segment.add({ tenant: "a", shard: 1, batches: [{ service: "x", columns: new Uint8Array(1000) }] });
    void segment.add({ tenant: "a", shard: 1, batches: [batch("x", 1)] });
    expect(segment.sizeBytes).toBe(1256 + 257);
  });
});

describe("batchFailures", () => {
  it("fails the batches of a failed dataset, and no others", () => {
    const segment = new OpenSegment(1, 0);
    void segment.add({ tenant: "a", shard: 1, batches: [batch("x", 1), batch("y", 2), batch("x", 3)] });
    void segment.add({ tenant: "a", shard: 1, batches: [batch("y", 4)] });
    const failed = new Map([[0, "columns are cut short"]]);
    const failure = { code: Code.InvalidArgument, message: "columns are cut short" };
    expect(segment.close().pushes.map((push) => batchFailures(push, failed))).toEqual([
      [
        { batch: 0, ...failure },
        { batch: 2, ...failure },
      ],
      [],
    ]);
  });
});
