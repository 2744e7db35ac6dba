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
