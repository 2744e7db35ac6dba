import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { nameOf, runScenario } from "./run-scenario.ts";

const folder = join(import.meta.dirname, "..", "scenarios");
const scenarios = readdirSync(folder)
  .filter((file) => file.endsWith(".scenario"))
  .map((file) => ({ file, text: readFileSync(join(folder, file), "utf8") }))
  .map((scenario) => ({ ...scenario, name: nameOf(scenario.text) }));

/** Writes down what happens as what should happen: to be read by a human before it counts. */
const isUpdating = process.env["UPDATE_SCENARIOS"] === "1";

describe("the core", () => {
  it.each(scenarios)("$name ($file)", ({ file, text }) => {
    const actual = runScenario(text);
    if (isUpdating) writeFileSync(join(folder, file), actual);
    expect(actual).toBe(isUpdating ? actual : text);
  });

  it("has a rule of its own in each scenario", () => {
    const names = scenarios.map(({ name }) => name);
    expect(names).toEqual([...new Set(names)]);
  });
});
