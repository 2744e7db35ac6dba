import type { ObjectStore } from "@hearth/object-store";
import type { Logger } from "@hearth/telemetry";
import type { ClusterSettings } from "../replicated-log/open-storage.ts";
import { importSnapshot, type ImportDeps } from "./import-snapshot.ts";
import { bucketSource, folderSource, type ImportSource } from "./import-source.ts";

export interface ImportSettings {
  /** Empty for none; at most one of the two is given. */
  readonly snapshotsImportDir: string;
  readonly snapshotsImportKey: string;
}

/**
 * Imports the snapshot that the settings name, if they do; to be called before the metastore's files are opened.
 *
 * @throws {FailedPreconditionError} when that cannot be done: the metastore must not start then.
 */
export async function importAtStart(
  deps: ImportDeps & { readonly objectStore: Pick<ObjectStore, "get">; readonly logger: Logger },
  settings: ImportSettings & ClusterSettings,
  signal: AbortSignal,
): Promise<void> {
  const source = sourceOf(settings, deps.objectStore);
  if (!source) return;
  const outcome = await importSnapshot(deps, settings, source, signal);
  const { name } = source;
  if (outcome.type === "imported-before") {
    deps.logger.warn("snapshot was imported before: leave the setting out", { source: name });
  } else {
    const { position, sizeBytes } = outcome;
    deps.logger.info("snapshot is imported", { source: name, index: position.index, sizeBytes });
  }
}

function sourceOf(
  { snapshotsImportDir, snapshotsImportKey }: ImportSettings,
  objectStore: Pick<ObjectStore, "get">,
): ImportSource | undefined {
  if (snapshotsImportDir !== "") return folderSource(snapshotsImportDir);
  return snapshotsImportKey === "" ? undefined : bucketSource(objectStore, snapshotsImportKey);
}
