import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, it } from "@jest/globals";

it("deploy/settings.md says what the schemas say", () => {
  const script = join(import.meta.dirname, "..", "..", "..", "scripts", "generate-settings.mjs");
  const { status, stderr } = spawnSync(process.execPath, [script, "--check"], { encoding: "utf8" });
  expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
});
