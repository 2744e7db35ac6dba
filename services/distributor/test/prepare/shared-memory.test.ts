import { Arena } from "@hearth/arena";
import { goCpuProfile, buildPprof } from "@hearth/testing";
import { describe, expect, it } from "@jest/globals";

import { prepareProfiles } from "../../src/worker/prepare-profiles.ts";
import { inputOf, nowNanos } from "./prepared-view.ts";

const relabel = { series: [], defaultRules: "first", sampleTypes: [] } as const;
const small = buildPprof({
  sampleTypes: [["cpu", "nanoseconds"]],
  periodType: ["cpu", "nanoseconds"],
  samples: [
    { stack: ["leaf", "main"], values: [1], labels: { span_id: "0102030405060708", endpoint: "/buy" } },
    { stack: ["main"], values: [2n ** 53n] },
  ],
});
const large = goCpuProfile({ samples: 300, seed: 4, timeNanos: nowNanos });
const refused = large.subarray(0, large.length - 10);

describe("profiles that a thread prepares one after another", () => {
  it("are what each is by itself, though all take the same memory", () => {
    const inputs = [large, small, refused, large, small].map((body) => inputOf(body));
    const alone = inputs.map((input) => prepareProfiles({ inputs: [input], relabel })[0]);
    const arena = new Arena({ chunkBytes: 1 << 14, keptBytes: 1 << 16 });
    expect(prepareProfiles({ inputs, relabel }, arena)).toEqual(alone);
    expect(prepareProfiles({ inputs: inputs.toReversed(), relabel }, arena)).toEqual(alone.toReversed());
    expect(alone.map((outcome) => outcome?.type)).toEqual([
      "prepared",
      "prepared",
      "rejected",
      "prepared",
      "prepared",
    ]);
  });
});
