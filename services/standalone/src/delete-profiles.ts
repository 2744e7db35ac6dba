import { userInfo } from "node:os";
import { DomainError } from "@hearth/errors";
import { systemClock, systemRandom } from "@hearth/runtime";
import { DELETE_HELP, readDeleteArguments } from "./delete/delete-arguments.ts";
import { DeletionApi } from "./delete/deletion-api.ts";
import { runDelete } from "./delete/run-delete.ts";

/** Arguments → request, and if it is wanted a wait until the bytes are gone. Exit codes: 0 done, 1 not, 2 bad arguments. */
async function main(): Promise<number> {
  const parsed = readDeleteArguments(process.argv.slice(2), userInfo().username);
  if (parsed.type === "help") {
    process.stdout.write(DELETE_HELP);
    return 0;
  }
  if (parsed.type === "wrong") {
    process.stderr.write(`delete-profiles: ${parsed.problem}\n`);
    return 2;
  }
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => stop.abort());
  const api = new DeletionApi(parsed.server, fetch);
  const deps = { api, clock: systemClock, random: systemRandom, out: process.stdout };
  return await runDelete(parsed.task, deps, stop.signal);
}

try {
  process.exitCode = await main();
} catch (error) {
  const text = error instanceof DomainError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`delete-profiles: ${text}\n`);
  process.exitCode = 1;
}
