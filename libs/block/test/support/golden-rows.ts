import type { RowSketch } from "@hearth/testing";

const START = 1_772_445_600_000;

/** What the golden blocks hold, by tenant: something of everything that the format can say. */
export const goldenRows: Readonly<Record<string, readonly RowSketch[]>> = {
  acme: [
    {
      labels: {
        __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        service_name: "shop",
        pod: "a",
      },
      timeMs: START,
      timeRestNanos: 999_999,
      id: 1,
      samples: [
        ["main", 10_000_000n],
        ["main;work", 30_000_000n, 7],
        ["main;work+inlined;leaf", 2n ** 62n, 255],
      ],
    },
    {
      labels: {
        __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
        service_name: "shop",
        pod: "b",
      },
      timeMs: START + 15_000,
      timeRestNanos: 0,
      id: 2,
      samples: [
        ["main;0x7f01", 1n],
        ["日本;語;𝒻", 2n ** 53n + 1n],
      ],
    },
    {
      labels: {
        __profile_type__: "process_cpu:samples:count:cpu:nanoseconds",
        service_name: "shop",
        pod: "a",
      },
      timeMs: START,
      timeRestNanos: 999_999,
      id: 1,
      samples: [["main;work", 3n]],
    },
  ],
  "other-tenant": [
    {
      labels: { service_name: "shop" },
      timeMs: START + 86_400_000,
      timeRestNanos: 1,
      id: 200,
      samples: [["idle", 5n]],
    },
  ],
};

/** Rows of which many have the same stack traces, so that there is something to roll up. */
export const rolledUpRows: Readonly<Record<string, readonly RowSketch[]>> = {
  acme: goldenRows["acme"]!.flatMap((row) =>
    [0, 1, 2].map((again) => ({ ...row, timeMs: row.timeMs + again * 60_000, id: row.id + again * 10 })),
  ),
};

/** A profile of each pod with sample types that have stack traces in common, and values, but for a unit. */
export const sharedRows: Readonly<Record<string, readonly RowSketch[]>> = {
  acme: [
    // In no proportion, and one of them beyond 2^52.
    heapRow("alloc_objects:count", [3n, 5n, 1n]),
    heapRow("alloc_space:bytes", [96n, 40n, 2n ** 60n]),
    ...["a", "b", "c"].map((pod, number) => cpuRow("cpu:nanoseconds", { pod, number, unit: 10_000_000n })),
    ...["a", "b", "c"].map((pod, number) => cpuRow("samples:count", { pod, number, unit: 1n })),
  ],
};

function cpuRow(
  type: string,
  { pod, number, unit }: { pod: string; number: number; unit: bigint },
): RowSketch {
  return {
    labels: { __profile_type__: `process_cpu:${type}:cpu:nanoseconds`, service_name: "shop", pod },
    timeMs: START + number * 15_000,
    timeRestNanos: number,
    id: 40 + number,
    samples: [
      ["main", 2n * unit],
      ["main;work", BigInt(3 + number) * unit, 7],
      ["main;work+inlined;leaf", 6n * unit, 9],
    ],
  };
}

function heapRow(type: string, [main, work, leaf]: readonly [bigint, bigint, bigint]): RowSketch {
  return {
    labels: { __profile_type__: `memory:${type}:space:bytes`, service_name: "shop", pod: "a" },
    timeMs: START + 60_000,
    timeRestNanos: 0,
    id: 50,
    samples: [
      ["main", main],
      ["main;work", work],
      ["main;work;0x7f01", leaf],
    ],
  };
}

/** What is summed in blocks of tiers. */
export const tierSources: readonly RowSketch[] = [
  tierRow("a", 0, 1, [
    ["main", 10n],
    ["main;work", 30n, 7],
    ["main;work", 20n],
  ]),
  tierRow("a", 60, 2, [["main;work", 2n ** 61n, 255]]),
  tierRow("a", 360, 3, [
    ["main", 5n, 9],
    ["日本;語", 2n ** 53n],
  ]),
  tierRow("b", 15, 4, [["main;0x7f01", 1n]]),
];

/** As they came. */
export const gatheredRows: Readonly<Record<string, readonly RowSketch[]>> = { acme: tierSources };

/** At 5 minutes. Ids of sums are what they were when the block was written. */
export const fiveMinuteRows: Readonly<Record<string, readonly RowSketch[]>> = {
  acme: [
    tierRow("a", 60, 14, [
      ["main", 10n],
      ["main;work", 2n ** 61n + 50n],
    ]),
    tierRow("a", 360, 3, [
      ["main", 5n],
      ["日本;語", 2n ** 53n],
    ]),
    tierRow("b", 15, 4, [["main;0x7f01", 1n]]),
  ],
};

/** At 1 hour, of the blocks at 5 minutes. */
export const oneHourRows: Readonly<Record<string, readonly RowSketch[]>> = {
  acme: [
    tierRow("a", 360, 174, [
      ["main", 15n],
      ["main;work", 2n ** 61n + 50n],
      ["日本;語", 2n ** 53n],
    ]),
    tierRow("b", 15, 4, [["main;0x7f01", 1n]]),
  ],
};

function tierRow(pod: string, seconds: number, id: number, samples: RowSketch["samples"]): RowSketch {
  return {
    labels: { __profile_type__: "process_cpu:cpu:nanoseconds:cpu:nanoseconds", service_name: "shop", pod },
    timeMs: START + seconds * 1000,
    timeRestNanos: seconds,
    id,
    samples,
  };
}
