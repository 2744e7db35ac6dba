import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import { PLANTED_BUGS } from "./planted-bugs.ts";

/** Loaded before everything else: changes one source file as it is read. `--bug` names it. */
const { values } = parseArgs({ options: { bug: { type: "string" } }, strict: false });
const bug = PLANTED_BUGS.find((candidate) => candidate.name === values["bug"]);
if (!bug) throw new Error(`no such bug: ${String(values["bug"])}`);

const root = join(import.meta.dirname, "../../../..");
const changed = pathToFileURL(join(root, bug.file)).href;

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (url !== changed) return loaded;
    const source = Buffer.from(loaded.source as Uint8Array).toString();
    if (source.split(bug.find).length !== 2)
      throw new Error(`the place to plant "${bug.name}" is not there once`);
    return { ...loaded, source: source.replace(bug.find, () => bug.replace) };
  },
});
