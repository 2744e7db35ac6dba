import { readFileSync } from "node:fs";
import { loadSettings, modulesText, type LoadInput, type LoadOutcome, type Schemas } from "@hearth/config";
import { version } from "./version.ts";

/**
 * The settings of a command of this package: from its flags, the environment and the file that they name.
 *
 * @param from - `argv` without the names of program and script.
 * @throws {SettingsError}
 */
export function readSettings<S extends Schemas>(
  schemas: S,
  from: Pick<LoadInput, "argv" | "env">,
): LoadOutcome<S> {
  return loadSettings(schemas, {
    ...from,
    readFile: (path) => readFileSync(path, "utf8"),
    versionText: `hearth, version ${version}\n`,
    modulesText: modulesText(),
  });
}
