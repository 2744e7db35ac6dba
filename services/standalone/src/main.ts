import { SettingsError } from "@hearth/config";
import { DomainError } from "@hearth/errors";
import { planTracing } from "@hearth/telemetry";
import { HearthProcess } from "./hearth-process.ts";
import { readSettings } from "./read-settings.ts";
import { schemas } from "./settings.ts";

/** Settings → process → wait for a signal → close. Exit codes: 0 asked to stop, 1 failed, 2 bad settings. */
async function main(): Promise<number> {
  const outcome = readSettings(schemas, { argv: process.argv.slice(2), env: process.env });
  if (outcome.type === "print") {
    process.stdout.write(outcome.text);
    return 0;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const tracing = outcome.settings.tracing.enabled ? planTracing(process.env) : undefined;
  const hearth = new HearthProcess(outcome.settings, { warnings: outcome.warnings, tracing });
  await using _ = hearth;
  await hearth.start();
  // Awaited here: what is returned unawaited is waited for only after the process is closed.
  return await hearth.runUntil(stop.signal);
}

/** One line for what a person can mend; everything for what is our fault. */
function describe(error: unknown): string {
  if (error instanceof DomainError) return error.message;
  const { code, port, stack } = error as NodeJS.ErrnoException & { port?: number };
  if (code === "EADDRINUSE")
    return `port ${port} is taken: choose another with -server.http-listen-port (or -server.grpc-listen-port)`;
  if (code === "EACCES" || code === "EROFS" || code === "ENOSPC" || code === "ENOTDIR")
    return (error as Error).message;
  return stack ?? String(error);
}

try {
  process.exitCode = await main();
} catch (error) {
  process.stderr.write(`hearth: ${describe(error)}\n`);
  process.exitCode = error instanceof SettingsError ? 2 : 1;
}
