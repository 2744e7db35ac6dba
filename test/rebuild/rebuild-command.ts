import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import { cleanEnvironment } from "../support/clean-environment.ts";

const COMMAND = join(import.meta.dirname, "..", "..", "services", "standalone", "src", "rebuild-index.ts");

export interface CommandResult {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `npm run rebuild-index` with these flags, without npm and without settings of the person who runs the tests. */
export async function runRebuildCommand(flags: readonly string[]): Promise<CommandResult> {
  const env = cleanEnvironment();
  const child = spawn(process.execPath, [COMMAND, ...flags], { env, stdio: ["ignore", "pipe", "pipe"] });
  const printed = { stdout: "", stderr: "" };
  for (const name of ["stdout", "stderr"] as const) {
    child[name].setEncoding("utf8").on("data", (text: string) => {
      printed[name] += text;
    });
  }
  await once(child, "close");
  return { exitCode: child.exitCode, ...printed };
}
