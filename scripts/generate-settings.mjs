// Writes deploy/settings.md, the reference of all settings, from the schemas in the code.
// `--check` writes nothing and fails when the file is stale.
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settingsReference } from "../libs/config/src/index.ts";
import { schemas } from "../services/standalone/src/settings.ts";

const path = join(import.meta.dirname, "..", "deploy", "settings.md");
const wanted = settingsReference(schemas);

if (!process.argv.includes("--check")) {
  writeFileSync(path, wanted);
} else if (readFileSync(path, "utf8") !== wanted) {
  process.stderr.write("deploy/settings.md is stale: run node scripts/generate-settings.mjs\n");
  process.exitCode = 1;
}
