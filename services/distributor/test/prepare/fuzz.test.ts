import { seededRandom } from "@hearth/runtime";
import { buildPprof } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { fuzzPreparePprof } from "./fuzz.ts";

const profiles = [
  buildPprof({
    sampleTypes: [["cpu", "nanoseconds"]],
    mapping: { filename: "/bin/app", hasFunctions: true },
    samples: [
      { stack: [{ name: "Map[go.shape.int]", file: "a.go" }, "main"], values: [1], labels: { job: "a" } },
      {
        stack: ["leaf", "main"],
        values: [2],
        labels: { span_id: "00f067aa0ba902b7" },
        numberLabels: { n: 5 },
      },
    ],
  }),
  buildPprof({
    sampleTypes: [["inuse_space", "bytes"]],
    samples: [0, 1, 2, 3].map((leaf) => ({
      stack: [`leaf${leaf}`, ...Array.from({ length: 30 }, (_, i) => `f${i + 8 * (leaf % 2)}.go`)],
      values: [1],
    })),
  }),
];

describe("preparing of mutated profiles", () => {
  it("ends, with rows that are whole or a refusal", () => {
    const refused = fuzzPreparePprof({
      corpus: profiles,
      rounds: 3000,
      random: seededRandom(7),
      mutate(body, random) {
        const bytes = Uint8Array.from(body);
        for (let edits = 1 + Math.floor(random.next() * 3); edits > 0; edits--) {
          bytes[Math.floor(random.next() * bytes.length)] = Math.floor(random.next() * 256);
        }
        return bytes;
      },
    });
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(3000);
  });
});
