import { describe, expect, it } from "@jest/globals";
import { CanceledError } from "@hearth/errors";
import fc from "fast-check";
import { type Run, RunAllowance, RunReader, runsOf } from "./run-reader.ts";

const KB = 1024;
const never = new AbortController().signal;

/** Sections of an object one after another, some left out. */
const anySections = fc
  .array(fc.record({ sizeBytes: fc.integer({ min: 1, max: 300 * KB }), isWanted: fc.boolean() }), {
    minLength: 1,
    maxLength: 12,
  })
  .map((all) => {
    let offset = 0;
    return all.flatMap(({ sizeBytes, isWanted }) => {
      const section = { offset, sizeBytes };
      offset += sizeBytes;
      return isWanted ? [section] : [];
    });
  });

function objectOf(sizeBytes: number) {
  const bytes = Uint8Array.from({ length: sizeBytes }, (_, i) => (i * 2_654_435_761) >>> 24);
  const requests: Run[] = [];
  return {
    bytes,
    requests,
    read: async (offset: number, length: number): Promise<Uint8Array> => {
      requests.push({ offset, end: offset + length });
      return bytes.slice(offset, offset + length);
    },
  };
}

describe("runsOf", () => {
  it.each([
    { name: "nothing", sections: [], runs: [] },
    { name: "one", sections: [[8, 5]], runs: [[8, 13]] },
    {
      name: "those side by side, in whatever order",
      sections: [
        [16, 5],
        [8, 5],
      ],
      runs: [[8, 21]],
    },
    {
      name: "those with 64 KB between",
      sections: [
        [0, 1],
        [1 + 64 * KB, 1],
      ],
      runs: [[0, 2 + 64 * KB]],
    },
    {
      name: "those with more between",
      sections: [
        [0, 1],
        [2 + 64 * KB, 1],
      ],
      runs: [
        [0, 1],
        [2 + 64 * KB, 3 + 64 * KB],
      ],
    },
    {
      name: "up to 512 KB",
      sections: [
        [0, KB],
        [KB, 511 * KB],
      ],
      runs: [[0, 512 * KB]],
    },
    {
      name: "no further",
      sections: [
        [0, KB],
        [KB, 511 * KB + 1],
      ],
      runs: [
        [0, KB],
        [KB, 512 * KB + 1],
      ],
    },
    {
      name: "a long one by itself",
      sections: [
        [0, 600 * KB],
        [600 * KB, 1],
      ],
      runs: [
        [0, 600 * KB],
        [600 * KB, 600 * KB + 1],
      ],
    },
  ])("$name", ({ sections, runs }) => {
    expect(
      runsOf(sections.map(([offset, sizeBytes]) => ({ offset: offset!, sizeBytes: sizeBytes! }))),
    ).toEqual(runs.map(([offset, end]) => ({ offset, end })));
  });

  it("has each section in exactly one run, ascending and apart", () => {
    fc.assert(
      fc.property(anySections, (sections) => {
        const runs = runsOf(sections);
        for (const { offset, sizeBytes } of sections)
          expect(runs.filter((run) => run.offset <= offset && offset + sizeBytes <= run.end)).toHaveLength(1);
        for (const [i, run] of runs.entries())
          expect(run.offset).toBeGreaterThanOrEqual(runs[i - 1]?.end ?? 0);
      }),
    );
  });
});

describe("RunReader", () => {
  it("reads what is there, each run once, whatever is asked in whatever order", async () => {
    await fc.assert(
      fc.asyncProperty(anySections, fc.infiniteStream(fc.nat()), async (sections, dice) => {
        const object = objectOf(
          sections.reduce((end, { offset, sizeBytes }) => Math.max(end, offset + sizeBytes), 1),
        );
        const runs = runsOf(sections);
        const reader = new RunReader(object, () => runs, new RunAllowance(1 << 30));
        const order = sections
          .map((section) => ({ section, key: dice.next().value as number }))
          .sort((a, b) => a.key - b.key);
        for (const { section } of order) {
          const { offset, sizeBytes } = section;
          const bytes = await reader.read(offset, sizeBytes, never);
          expect(Buffer.compare(bytes, object.bytes.subarray(offset, offset + sizeBytes))).toBe(0);
        }
        expect(object.requests.toSorted((a, b) => a.offset - b.offset)).toEqual(runs);
        expect(reader.fetchedBytes).toBe(runs.reduce((sum, { offset, end }) => sum + end - offset, 0));
      }),
      { numRuns: 50 },
    );
  });

  const RUNS: readonly Run[] = [
    { offset: 8, end: 108 },
    { offset: 200, end: 260 },
  ];

  it("reads what lies in no run as it is asked for", async () => {
    const object = objectOf(300);
    const reader = new RunReader(object, () => RUNS, new RunAllowance());
    await reader.read(100, 20, never);
    await reader.read(0, 8, never);
    expect(object.requests).toEqual([
      { offset: 100, end: 120 },
      { offset: 0, end: 8 },
    ]);
  });

  it("holds no more than it may, and reads the rest as it is asked for", async () => {
    const object = objectOf(300);
    const allowance = new RunAllowance(120);
    const [first, second] = [0, 1].map(() => new RunReader(object, () => RUNS, allowance));
    await first!.read(8, 10, never);
    await second!.read(8, 10, never);
    expect(object.requests).toEqual([
      { offset: 8, end: 108 },
      { offset: 8, end: 18 },
    ]);
    first!.release(107);
    await second!.read(30, 10, never);
    expect(object.requests.at(-1)).toEqual({ offset: 30, end: 40 });
    first!.release(108);
    await second!.read(18, 10, never);
    expect(object.requests.at(-1)).toEqual({ offset: 8, end: 108 });
    second!.release(300);
    expect(allowance.take(120)).toBe(true);
  });

  it("gives back what a failed read would have held", async () => {
    const allowance = new RunAllowance(120);
    const read = (): Promise<Uint8Array> => Promise.reject(new CanceledError("gone"));
    const reader = new RunReader({ read }, () => RUNS, allowance);
    await expect(reader.read(8, 10, never)).rejects.toThrow(CanceledError);
    expect(allowance.take(120)).toBe(true);
  });

  it("fetches a run once for reads at once, as long as one of them waits", async () => {
    const object = objectOf(300);
    const reader = new RunReader(object, () => RUNS, new RunAllowance());
    const gone = new AbortController();
    const reads = [reader.read(8, 10, gone.signal), reader.read(18, 10, never)];
    gone.abort(new CanceledError("gone"));
    await expect(reads[0]).rejects.toThrow(CanceledError);
    expect(await reads[1]).toEqual(object.bytes.slice(18, 28));
    expect(object.requests).toEqual([{ offset: 8, end: 108 }]);
  });

  it("hands out parts that do not keep their run", async () => {
    const reader = new RunReader(objectOf(300), () => RUNS, new RunAllowance());
    const bytes = await reader.read(8, 10, never);
    expect(bytes.buffer.byteLength).toBe(10);
  });
});
