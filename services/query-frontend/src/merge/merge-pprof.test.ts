import { fromBinary, fromJsonString } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { encodeProfileColumns } from "@hearth/profile";
import { ProfileSchema, type Profile } from "@hearth/proto/google/v1";

import { encodedColumns, profileColumns } from "../../test/answers.ts";
import { mergePprof, type PprofOptions } from "./merge-pprof.ts";

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
  return mergedColumns(columns, options);
}

/** Of the two formats, which must agree, what both say. */
function mergedColumns(columns: readonly Uint8Array[], options: Partial<PprofOptions> = {}): Profile {
  const all = { header, maxNodes: 0, goPgo: undefined, ...options };
  const binary = fromBinary(ProfileSchema, mergePprof(columns, { ...all, format: "binary" }));
  const json = Buffer.from(mergePprof(columns, { ...all, format: "json" })).toString();
  expect(fromJsonString(ProfileSchema, json)).toEqual(binary);
  return binary;
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

  it("is empty when no backend was asked, and says what it is when none had a sample", () => {
    expect(merged([])).toMatchObject({ sampleType: [], sample: [], stringTable: [] });
    expect(merged([[]])).toMatchObject({ sampleType: [{ type: 1n, unit: 2n }], sample: [] });
  });

  it("gives every location a mapping, an empty one where there is none", () => {
    const columns = profileColumns("a;b 1", "c 2");
    const { locations } = columns.symbols;
    const mapped = new Uint32Array(locations.mapping.length);
    const symbols = { ...columns.symbols, locations: { ...locations, mapping: mapped } };
    const encoded = encodeProfileColumns({ ...columns, symbols });
    const { location, mapping } = mergedColumns([encoded]);
    expect(mapping).toMatchObject([{ id: 1n, filename: 0n, buildId: 0n }]);
    expect(location.map(({ mappingId }) => mappingId)).toEqual([1n, 1n, 1n]);
  });

  it.each([
    { name: "0 keeps all", maxNodes: 0, want: ["a;b;c;d 4", "a;b;e 5", "f;g 2"] },
    { name: "as many as there are keeps all", maxNodes: 7, want: ["a;b;c;d 4", "a;b;e 5", "f;g 2"] },
    {
      name: "a stack that is not kept at all is one frame",
      maxNodes: 5,
      want: ["a;b;c;d 4", "a;b;e 5", "other 2"],
    },
    {
      name: "one location above what is kept stays",
      maxNodes: 2,
      want: ["a;b;c;other 4", "a;b;e 5", "other 2"],
    },
  ])("cut: $name", ({ maxNodes, want }) => {
    expect(samplesOf(merged([["a;b;e 5", "a;b;c;d 4", "f;g 2"]], { maxNodes }))).toEqual(want);
  });

  it("cut: samples that become equal are added up", () => {
    const parts = [["a 9", "a;b;c 1", "a;b;d 2"], ["a;b;e 4"]];
    expect(samplesOf(merged(parts, { maxNodes: 1 }))).toEqual(["a 9", "a;b;other 7"]);
  });

  it("a location counts as kept when all of its inlined calls are", () => {
    const parts = [["a;b+inlined;c 3", "a;b+other-inlined;d 2", "a;e;f 4"]];
    const want = ["a;e;f 4", "a;inlined<b;other 3", "a;other-inlined<b;other 2"];
    expect(samplesOf(merged(parts, { maxNodes: 4 }))).toEqual(want);
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
