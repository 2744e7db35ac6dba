import { access } from "node:fs/promises";
import type { Transport } from "@connectrpc/connect";
import { metastoreClients } from "@hearth/clients";
import { FailedPreconditionError, UnavailableError } from "@hearth/errors";
import {
  defaultRebuildSettings,
  exitCodeOf,
  progressLine,
  rebuildIndex,
  summaryText,
  type RebuildObserver,
} from "@hearth/metastore";
import type { ObjectStore } from "@hearth/object-store";
import { systemClock } from "@hearth/runtime";
import { createLogger, type LogSink } from "@hearth/telemetry";
import { startMetastore } from "../parts/start-storage-parts.ts";
import { ProcessContext } from "../process-context.ts";
import type { HearthSettings } from "../settings.ts";

/** Where a person reads. */
export interface Terminal {
  readonly stdout: LogSink;
  readonly stderr: LogSink;
}

/**
 * Opens the bucket and the metastore that the settings name, rebuilds the index, and closes them.
 *
 * @returns the exit code.
 * @throws {FailedPreconditionError} when there is no bucket, or the metastore cannot be used.
 */
export async function runRebuild(
  settings: HearthSettings,
  terminal: Terminal,
  signal: AbortSignal,
): Promise<0 | 1> {
  const logger = createLogger(settings.logging, { clock: systemClock, sink: terminal.stderr });
  const failed = new AbortController();
  const fail = (problem: string): void => failed.abort(new UnavailableError(problem));
  const context = new ProcessContext(settings, logger, fail);
  await using _ = context.opened;
  await expectBucket(context.storageDir);
  const objectStore = await context.openObjectStore();
  const transport = await transportToMetastore(context, objectStore, fail);
  const { index } = metastoreClients(transport);
  const summary = await rebuildIndex(
    {
      objectStore,
      index: { addBlocks: (request, signal) => index.addBlocks(request, { signal }) },
      clock: context.clock,
      random: context.random,
      observer: observerOn(terminal),
    },
    defaultRebuildSettings,
    AbortSignal.any([signal, failed.signal]),
  );
  failed.signal.throwIfAborted();
  terminal.stdout.write(summaryText(summary));
  return exitCodeOf(summary);
}

/** A mistyped folder must not be taken for an empty bucket, and made. */
async function expectBucket(path: string): Promise<void> {
  try {
    await access(path);
  } catch (error) {
    throw new FailedPreconditionError(`there is no bucket: storage_dir=${path}`, { cause: error });
  }
}

/** Over the network where an address is given, else to one that runs in this process, on the folders of the settings. */
async function transportToMetastore(
  context: ProcessContext,
  objectStore: ObjectStore,
  onFatal: (problem: string) => void,
): Promise<Transport> {
  const { addresses, metastore } = context.settings;
  if (addresses.metastore !== "") return context.openPool(addresses.metastore);
  if (metastore.bootstrapPeers.length > 1) {
    throw new FailedPreconditionError("the metastore has peers: start it, and give -metastore.address");
  }
  // What is found is registered as it is: nothing is let go or summed meanwhile.
  const limits = { retentionMsOf: () => 0, tierAgesOf: () => ({}) };
  const { checks } = await startMetastore(context, { objectStore, ...limits }, onFatal);
  for (const { check } of checks) {
    const problem = await check(context.tasks.signal);
    if (problem !== undefined) throw new FailedPreconditionError(problem);
  }
  return context.inProcess();
}

function observerOn({ stdout, stderr }: Terminal): RebuildObserver {
  return {
    onRefusal: ({ key, kind, reason }) => void stderr.write(`not registered: ${key}: ${kind}: ${reason}\n`),
    onDoubt: (key) => void stderr.write(`doubtful: ${key}\n`),
    onProgress: (counts, elapsedMs) => void stdout.write(`${progressLine(counts, elapsedMs)}\n`),
  };
}
