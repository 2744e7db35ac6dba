import { readdirSync, readFileSync } from "node:fs";
import { seededRandom } from "@hearth/runtime";
import { describe, expect, it } from "@jest/globals";
import { fuzzBinary, fuzzJson } from "./fuzz.ts";

const folder = new URL("fixtures/", import.meta.url);

function bodies(extension: string): Uint8Array[] {
  return readdirSync(folder)
    .filter((name) => name.endsWith(extension))
    .map((name) => readFileSync(new URL(name, folder)));
}

describe("mutated exports", () => {
  it.each([
    { name: "binary", corpus: bodies(".pb"), fuzz: fuzzBinary, rounds: 4000 },
    { name: "JSON", corpus: bodies(".json"), fuzz: fuzzJson, rounds: 2000 },
  ])("are stored, rejected or refused in the proper form: $name", ({ corpus, fuzz, rounds }) => {
    const { refused, rejected, stored } = fuzz({ corpus, rounds, random: seededRandom(20_261_123) });
    expect(refused).toBeGreaterThan(rounds / 10);
    expect(rejected).toBeGreaterThan(rounds / 100);
    expect(stored).toBeGreaterThan(rounds / 10);
  });
});
