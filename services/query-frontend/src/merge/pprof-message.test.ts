import { describe, expect, it } from "@jest/globals";
import type { Profile } from "@hearth/proto/google/v1";

import { encodedColumns } from "../../test/answers.ts";
import { mergePprof, type PprofOptions } from "./pprof-message.ts";

const header = {
  sampleType: "cpu",
  sampleUnit: "nanoseconds",
  periodType: "cpu",
  periodUnit: "nanoseconds",
  period: 1_000_000_000n,
  timeNanos: 7n,
};

function merged(parts: readonly (readonly string[])[], options: Partial<PprofOptions> = {}): Profile {
  const columns = parts.map((lines) => encodedColumns(...lines));
  return mergePprof(columns, { header, maxNodes: 0, goPgo: undefined, ...options });
}

/** The samples of a profile as a person would write them: names root first, with the line of the leaf. */
function samplesOf(profile: Profile): string[] {
  const text = (index: bigint): string => profile.stringTable[Number(index)] ?? "";
  const names = new Map(profile.function.map(({ id, name }) => [id, text(name)]));
  const locations = new Map(profile.location.map(({ id, line }) => [id, line]));
  return profile.sample
    .map(({ locationId, value }) => {
      const stack = locationId.map((id) => {
        const lines = locations.get(id) ?? [];
        return lines.map(({ functionId }) => names.get(functionId)).join("<");
      });
      return `${stack.toReversed().join(";")} ${value.join()}`;
    })
    .sort();
}

describe("mergePprof", () => {
  it("adds up samples with equal stacks", () => {
    const profile = merged([
      ["main;handle 5", "main;gc 1"],
      ["main;handle 2", "idle 9007199254740993"],
    ]);
    expect(samplesOf(profile)).toEqual(["idle 9007199254740993", "main;gc 1", "main;handle 7"]);
  });

  it("says what it is", () => {
    const profile = merged([["main 5"]]);
    const type = { type: 1n, unit: 2n };
    expect(profile).toMatchObject({
      sampleType: [type],
      periodType: { type: 1n, unit: 2n },
      defaultSampleType: 1n,
    });
    expect(profile.stringTable.slice(0, 3)).toEqual(["", "cpu", "nanoseconds"]);
    expect(profile).toMatchObject({ period: 1_000_000_000n, timeNanos: 7n, durationNanos: 0n });
  });

  it("numbers from 1 without gaps", () => {
    const { location, function: functions } = merged([["a;b;c 1", "a;d 2"]], { maxNodes: 2 });
    expect(location.map(({ id }) => id)).toEqual(location.map((_, index) => BigInt(index + 1)));
    expect(functions.map(({ id }) => id)).toEqual(functions.map((_, index) => BigInt(index + 1)));
  });

  it("is empty without samples", () => {
    expect(merged([])).toMatchObject({ sampleType: [], sample: [], stringTable: [] });
    expect(merged([[]])).toMatchObject({ sampleType: [], sample: [], stringTable: [] });
  });

  it.each([
    { name: "0 keeps all", maxNodes: 0, want: ["a 1", "a;b 5", "a;b;c 4", "d 2"] },
    { name: "as many as there are keeps all", maxNodes: 4, want: ["a 1", "a;b 5", "a;b;c 4", "d 2"] },
    { name: "the smallest go first", maxNodes: 3, want: ["a 1", "a;b 5", "a;b;c 4", "other 2"] },
    { name: "what is below a cut function is one frame", maxNodes: 1, want: ["a 1", "a;other 9", "other 2"] },
  ])("cut: $name", ({ maxNodes, want }) => {
    expect(samplesOf(merged([["a 1", "a;b 5", "a;b;c 4", "d 2"]], { maxNodes }))).toEqual(want);
  });

  it("cuts a location whole when one of its inlined calls goes", () => {
    const parts = [["a;b+inlined 3", "a;b+other-inlined 2", "a;c 4"]];
    expect(samplesOf(merged(parts, { maxNodes: 3 }))).toEqual(["a;c 4", "a;other 5"]);
  });

  it.each([
    { keepLocations: 0, want: ["a;b;c 4", "d;b;c 3"] },
    { keepLocations: 2, want: ["b;c 7"] },
    { keepLocations: 9, want: ["a;b;c 4", "d;b;c 3"] },
  ])("for profile-guided optimisation keeps $keepLocations locations", ({ keepLocations, want }) => {
    const goPgo = { keepLocations, aggregateCallees: false };
    expect(samplesOf(merged([["a;b;c 4", "d;b;c 3"]], { goPgo, maxNodes: 1 }))).toEqual(want);
  });

  it("for profile-guided optimisation forgets the lines of leaves", () => {
    const goPgo = { keepLocations: 0, aggregateCallees: true };
    const { location, function: functions, stringTable } = merged([["a;b 4", "a 1", "a;b;c 2"]], { goPgo });
    const leafLines = location.map(({ line }) => {
      const index = functions.find(({ id }) => id === line[0]?.functionId)?.name ?? 0n;
      return `${stringTable[Number(index)]} ${line[0]?.line}`;
    });
    expect(leafLines.sort()).toEqual(["a 0", "b 0", "c 0"]);
  });
});
