import { SettingsError } from "@hearth/config";
import { DomainError } from "@hearth/errors";
import { readSettings } from "./read-settings.ts";
import { asksForHelp, rebuildHelpText, rebuildSchemas } from "./rebuild/rebuild-settings.ts";
import { runRebuild } from "./rebuild/run-rebuild.ts";

/** Settings → rebuild, until it is through or a signal comes. Exit codes: 0 all registered, 1 not all, 2 bad settings. */
async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const outcome = asksForHelp(argv)
    ? ({ type: "print", text: rebuildHelpText() } as const)
    : readSettings(rebuildSchemas, { argv, env: process.env });
  if (outcome.type === "print") {
    process.stdout.write(outcome.text);
    return 0;
  }
  const stop = new AbortController();
  // A second signal ends the process at once, which is harmless too.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  return await runRebuild(outcome.settings, process, stop.signal);
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof DomainError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`rebuild-index: ${text}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
