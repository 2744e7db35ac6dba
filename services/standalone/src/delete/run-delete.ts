import { DomainError, UnavailableError } from "@hearth/errors";
import type { Deletion, Reach } from "@hearth/proto/hearth/deletion/v1";
import type { Clock, Random } from "@hearth/runtime";
import type { LogSink } from "@hearth/telemetry";
import type { DeleteTask } from "./delete-arguments.ts";
import type { DeletionApi } from "./deletion-api.ts";

export interface RunDeleteDeps {
  readonly api: Pick<DeletionApi, "deleteProfiles" | "get" | "list">;
  readonly clock: Pick<Clock, "sleep">;
  readonly random: Pick<Random, "fill">;
  readonly out: Pick<LogSink, "write">;
}

const LOOK_EVERY_MS = 2_000;
/** A server that restarts meanwhile is waited for. */
const MAX_SILENT_LOOKS = 150;

/**
 * Does what the command is asked to do.
 *
 * @returns the exit code.
 * @throws {DomainError} when the server refuses, or does not answer.
 */
export async function runDelete(task: DeleteTask, deps: RunDeleteDeps, signal: AbortSignal): Promise<0 | 1> {
  const { api, out } = deps;
  if (task.type === "list") {
    for (const deletion of await api.list(signal)) out.write(`${deletionLine(deletion)}\n`);
    return 0;
  }
  const requestId = new Uint8Array(16);
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's fill
  deps.random.fill(requestId);
  const { selector, reason, requestedBy, isDryRun: dryRun } = task;
  const times = { start: BigInt(task.startMs), end: BigInt(task.endMs) };
  const answer = await api.deleteProfiles(
    { selector, ...times, reason, requestedBy, dryRun, requestId },
    signal,
  );
  if (answer.reach) out.write(`${reachLine(answer.reach, dryRun)}\n`);
  const { deletion } = answer;
  if (!deletion) return dryRun ? 0 : 1;
  out.write(`${deletionLine(deletion)}\n`);
  return task.waits ? await waitUntilGone(deletion.number, deps, signal) : 0;
}

async function waitUntilGone(number: bigint, deps: RunDeleteDeps, signal: AbortSignal): Promise<0 | 1> {
  const { api, clock, out } = deps;
  let last = "";
  for (let silent = 0; ;) {
    try {
      await clock.sleep(LOOK_EVERY_MS, signal);
      const deletion = await api.get(number, signal);
      silent = 0;
      const line = deletion ? progressLine(deletion) : "the server does not know it any more";
      if (line !== last) out.write(`${line}\n`);
      last = line;
      if (!deletion) return 1;
      if (deletion.state === "gone" || deletion.state === "ended") return 0;
    } catch (error) {
      if (signal.aborted) {
        out.write("stopped waiting; the deletion goes on\n");
        return 1;
      }
      const isSilence = error instanceof UnavailableError && ++silent < MAX_SILENT_LOOKS;
      if (!isSilence || !(error instanceof DomainError)) throw error;
    }
  }
}

/** What is, or would be, touched. */
export function reachLine(
  { wholeBlocks, partialBlocks, profiles, sizeBytes }: Reach,
  isDryRun: boolean,
): string {
  const verb = isDryRun ? "would touch" : "touches";
  return `${verb} ${wholeBlocks} whole blocks and ${partialBlocks} in part, with at most ${profiles} profiles in ${sizeBytes} bytes`;
}

/** How far a deletion is. */
export function progressLine({ state, touchedBlocks, quarantinedBlocks, pendingObjects }: Deletion): string {
  switch (state) {
    case "rewriting": {
      const put = quarantinedBlocks > 0n ? `, ${quarantinedBlocks} of them quarantined` : "";
      return `rewriting: ${touchedBlocks} blocks to go${put}`;
    }
    case "removing":
      return `removing: ${pendingObjects} objects to go`;
    default:
      return state;
  }
}

/** A deletion as the list has it. */
export function deletionLine(deletion: Deletion): string {
  const { number, selector, start, end, requested, requestedBy, reason } = deletion;
  const range = `${timeText(start)}..${timeText(end)}`;
  const who = requestedBy === "" ? "" : ` by ${requestedBy}`;
  return `${number} ${selector} ${range} requested ${timeText(requested)}${who}: ${reason} [${progressLine(deletion)}]`;
}

function timeText(ms: bigint): string {
  return ms === 0n ? "0" : new Date(Number(ms)).toISOString();
}
