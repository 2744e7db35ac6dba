import { mkdirSync, readdirSync, writeFileSync, type Dirent } from "node:fs";
import { dirname, join } from "node:path";

import { metastoreClients } from "@hearth/clients";
import { blockMetaFromWire } from "@hearth/block";
import { blockObjectKey, parseObjectKey } from "@hearth/object-store";
import { undiciTransport } from "@hearth/rpc";
import { systemClock, systemRandom, UlidFactory } from "@hearth/runtime";

import { TENANT } from "./client.ts";
import { ORPHAN_GRACE_MS } from "./quick-flags.ts";

/** Where the metastore is, and what it keeps its objects in. */
export interface Stores {
  /** `http://host:port`, for its metrics. */
  readonly metastoreUrl: string;
  /** `host:port`. */
  readonly metastoreRpc: string;
  /** Folder of the bucket. */
  readonly bucket: string;
}

/** All levels may have to be waited for, one after the other, then the grace, and then the delay of deletions. */
const SETTLED_WITHIN_MS = 60_000 + 3 * ORPHAN_GRACE_MS;
const LOOK_AGAIN_MS = 500;
const CALL_TIMEOUT_MS = 15_000;
const MAX_ANSWER_BYTES = 64 << 20;

/** What is left to be done, as the metastore counts it: each must come to 0. */
const LEFT = [
  String.raw`metastore_compaction_scheduler_queue_jobs(?:\{.*\})?`,
  String.raw`metastore_compaction_global_queue_batches_current(?:\{.*\})?`,
  String.raw`metastore_index_tombstones\{.*type="stored".*\}`,
  "metastore_index_orphan_candidates",
] as const;

/**
 * Waits until nothing is left to be done, and then compares the bucket with the index: every registered block must have
 * its object, and nothing else may be there.
 *
 * @returns what is not so, in sentences.
 */
export async function judgeSettled(stores: Stores): Promise<string[]> {
  const endMs = systemClock.monotonicMs() + SETTLED_WITHIN_MS;
  for (;;) {
    const problems = [...(await unsettled(stores)), ...(await differences(stores))];
    if (problems.length === 0) return await quarantined(stores);
    if (systemClock.monotonicMs() > endMs) return problems;
    await systemClock.sleep(LOOK_AGAIN_MS);
  }
}

/** Puts an object there that nobody registers, as a writer leaves it that dies after its upload. */
export function leaveOrphan(bucket: string): void {
  const id = new UlidFactory({ clock: systemClock, random: systemRandom }).next();
  const path = join(bucket, blockObjectKey({ level: 0, tenant: "", shard: 1, id }));
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "what was uploaded");
}

/** Dead letters that are not registered yet. */
export function deadLettersIn(bucket: string): string[] {
  return keysIn(bucket).filter((key) => parseObjectKey(key)?.type === "deadLetter");
}

async function unsettled(stores: Stores): Promise<string[]> {
  const letters = deadLettersIn(stores.bucket);
  const metrics = await metricsOf(stores);
  return [
    ...letters.map((key) => `a dead letter is left: ${key}`),
    ...LEFT.flatMap((name) => (sumOf(metrics, name) === 0 ? [] : [`${name} is ${sumOf(metrics, name)}`])),
  ];
}

async function quarantined(stores: Stores): Promise<string[]> {
  const count = sumOf(await metricsOf(stores), "metastore_compaction_quarantined_blocks");
  return count === 0 ? [] : [`${count} blocks are set aside`];
}

async function differences(stores: Stores): Promise<string[]> {
  const registered = await registeredKeys(stores.metastoreRpc);
  const stored = new Set(keysIn(stores.bucket).filter((key) => isBlock(key)));
  return [
    ...[...registered].filter((key) => !stored.has(key)).map((key) => `a block has no object: ${key}`),
    ...[...stored].filter((key) => !registered.has(key)).map((key) => `an object is no block's: ${key}`),
  ];
}

async function registeredKeys(address: string): Promise<Set<string>> {
  await using transport = undiciTransport({
    origin: `http://${address}`,
    maxConnections: 1,
    connectTimeoutMs: CALL_TIMEOUT_MS,
    defaultTimeoutMs: CALL_TIMEOUT_MS,
    readMaxBytes: MAX_ANSWER_BYTES,
  });
  const everything = {
    tenants: [TENANT],
    startTimeMs: 0n,
    endTimeMs: BigInt(Number.MAX_SAFE_INTEGER),
  };
  const { blocks } = await metastoreClients(transport).metadataQuery.queryMetadata(everything);
  return new Set(blocks.map((block) => blockObjectKey(blockMetaFromWire(block))));
}

function isBlock(key: string): boolean {
  const type = parseObjectKey(key)?.type;
  return type === "segment" || type === "block";
}

/** Keys of the objects below a folder; folders come and go meanwhile. */
function keysIn(folder: string, prefix = ""): string[] {
  return entriesOf(folder).flatMap((entry) => {
    const key = `${prefix}${entry.name}`;
    return entry.isDirectory() ? keysIn(join(folder, entry.name), `${key}/`) : [key];
  });
}

function entriesOf(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function metricsOf({ metastoreUrl }: Stores): Promise<string> {
  const response = await fetch(`${metastoreUrl}/metrics`);
  return await response.text();
}

/** Of all series that a pattern fits. */
function sumOf(text: string, pattern: string): number {
  const series = new RegExp(`^pyroscope_${pattern} (\\S+)$`, "gmu");
  return [...text.matchAll(series)].reduce((sum, [, value]) => sum + Number(value), 0);
}
