import { registerHooks } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { parseArgs } from "node:util";

import type { SourceEdit } from "./source-edit.ts";

/** Loaded before everything else: changes source files as they are read. `--bug` names what is planted, `--list` the module that has it. */
const { values } = parseArgs({
  options: {
    bug: { type: "string" },
    list: { type: "string", default: join(import.meta.dirname, "planted-bugs.ts") },
  },
  strict: false,
});

interface BugList {
  readonly editsOf: (bug: string) => readonly SourceEdit[] | undefined;
}

const { editsOf } = (await import(pathToFileURL(String(values.list)).href)) as BugList;
const edits = editsOf(String(values.bug));
if (!edits) throw new Error(`no such bug: ${String(values.bug)}`);

const root = join(import.meta.dirname, "../../../..");
const byUrl = Map.groupBy(edits, ({ file }) => pathToFileURL(join(root, file)).href);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    const here = byUrl.get(url);
    if (!here) return loaded;
    let source = Buffer.from(loaded.source as Uint8Array).toString();
    for (const { find, replace } of here) {
      if (source.split(find).length !== 2) throw new Error(`the place to plant is not there once: ${find}`);
      source = source.replace(find, () => replace);
    }
    return { ...loaded, source };
  },
});
