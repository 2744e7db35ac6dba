import { outcomeText, recoverMetastore, recoveryExitCode, stepText } from "@hearth/metastore";
import { systemClock } from "@hearth/runtime";
import type { LogSink } from "@hearth/telemetry";
import type { RecoverSettings } from "./recover-settings.ts";

/**
 * Recovers the metastore whose folders the settings name, and says what comes of it.
 *
 * @returns the exit code.
 * @throws {FailedPreconditionError} when it cannot be recovered, {KvLockedError} when a server runs on the folders.
 */
export async function runRecover(
  { metastore, recovery }: RecoverSettings,
  stdout: LogSink,
  signal: AbortSignal,
): Promise<0 | 2> {
  const deps = {
    clock: systemClock,
    onStep: (step: Parameters<typeof stepText>[0]): void => void stdout.write(stepText(step)),
  };
  const outcome = await recoverMetastore(deps, metastore, recovery.acceptDataLoss, signal);
  stdout.write(outcomeText(outcome));
  return recoveryExitCode(outcome);
}
