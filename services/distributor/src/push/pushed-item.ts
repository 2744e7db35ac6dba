import type { Label } from "@hearth/labels";
import type { IngestHints } from "../prepare/index.ts";
import type { ExportTask } from "../worker/prepare-export.ts";

/** One profile of a client's request. */
export interface PushedItem {
  readonly labels: readonly Label[];
  /** A pprof profile, gzip or not. */
  readonly body: Uint8Array;
  /** Names the profile in errors; as the client sent it. */
  readonly id: string;
  readonly ingest?: IngestHints;
}

/** An export of OpenTelemetry profiles, as it came. */
export type PushedExport = Pick<ExportTask, "body" | "encoding" | "compression">;
