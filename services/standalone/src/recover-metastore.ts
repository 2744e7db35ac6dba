import { SettingsError } from "@hearth/config";
import { CanceledError, DomainError } from "@hearth/errors";
import { readSettings } from "./read-settings.ts";
import { asksForHelp } from "./rebuild/rebuild-settings.ts";
import { recoverHelpText, recoverSchemas } from "./recover/recover-settings.ts";
import { runRecover } from "./recover/run-recover.ts";

/** Settings → recovery of a lost majority. Exit codes: 0 recovered, 1 refused or failed, 2 nothing done, or bad settings. */
async function main(): Promise<number> {
  const argv = process.argv.slice(2);
  const outcome = asksForHelp(argv)
    ? ({ type: "print", text: recoverHelpText() } as const)
    : readSettings(recoverSchemas, { argv, env: process.env });
  if (outcome.type === "print") {
    process.stdout.write(outcome.text);
    return 0;
  }
  const stop = new AbortController();
  const reason = new CanceledError("stopped: nothing was changed");
  // A second signal ends the process at once, which is harmless too.
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort(reason));
  return await runRecover(outcome.settings, process.stdout, stop.signal);
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof DomainError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`recover-metastore: ${text}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
