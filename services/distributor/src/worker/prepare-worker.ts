/** Entry of a distributor's worker thread: prepares what clients push and encodes its columns. */
import { Arena } from "@hearth/arena";
import { transferring, workerTask } from "@hearth/worker-pool";
import { buffersOf } from "./encoded-service.ts";
import { prepareExport, type ExportTask } from "./prepare-export.ts";
import { sumProfiles } from "./sum-profiles.ts";
import { prepareProfiles, type PrepareTask } from "./prepare-profiles.ts";

const arena = new Arena();

/** Prepares pushed profiles of one tenant. */
export const profiles = workerTask((task: PrepareTask) => {
  const outcomes = prepareProfiles(task, arena);
  const services = outcomes.flatMap((outcome) => (outcome.type === "prepared" ? outcome.services : []));
  return transferring(outcomes, buffersOf(services));
});

/** Prepares an export of OpenTelemetry profiles. */
export const otlpExport = workerTask((task: ExportTask) => {
  const encoded = prepareExport(task, arena);
  return transferring(encoded, buffersOf(encoded.services));
});

/** Sums columns of one service, for the aggregation window. */
export const sum = workerTask((parts: readonly Uint8Array[]) => {
  const columns = sumProfiles(parts);
  return transferring(columns, [columns.buffer]);
});
