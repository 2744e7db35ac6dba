import { DataLossError, ResourceExhaustedError } from "@hearth/errors";
import {
  METASTORE_SNAPSHOTS_PREFIX,
  metastoreSnapshotKey,
  ObjectExistsError,
  ObjectNotFoundError,
  type ObjectStore,
} from "@hearth/object-store";
import { deadline, type Clock } from "@hearth/runtime";
import { readSnapshot } from "../replicated-log/snapshot-file.ts";
import type { SnapshotSource, SnapshotStore } from "../replicated-log/snapshot-store.ts";
import { copiesToRemove, type StoredCopy } from "./plan-removal.ts";
import { fileOfBytes } from "./read-only-file.ts";

export interface SnapshotBackupDeps {
  readonly objectStore: Pick<ObjectStore, "put" | "getRange" | "list" | "delete">;
  readonly snapshots: Pick<SnapshotStore, "indexes" | "openForSending">;
  readonly clock: Clock;
  readonly observer: BackupObserver;
}

/** Is told what happens; decides what of it is counted and logged. */
export interface BackupObserver {
  onStored(copy: { key: string; sizeBytes: number; elapsedMs: number }): void;
  /** The newest snapshot is in the bucket already. */
  onPresent(): void;
  /** Nothing was copied; the next call tries again. */
  onFailure(error: unknown): void;
  /** The new copy is there; old ones could not be removed. */
  onRemovalFailure(error: unknown): void;
}

export interface SnapshotBackupSettings {
  /** Copies that are kept, at least 1. */
  readonly retain: number;
  readonly timeoutMs: number;
}

export type BackupOutcome =
  | { readonly type: "stored" | "present"; readonly key: string }
  /** There is no snapshot yet. */
  | { readonly type: "none" }
  | { readonly type: "failed"; readonly error: unknown };

/** A bucket takes an object as a whole, so it is held in memory; no snapshot comes near this. */
const MAX_BYTES = 1 << 30;
const DIGEST_BYTES = 32;

interface Snapshot {
  readonly index: number;
  readonly key: string;
  readonly folder: string;
  readonly bytes: Uint8Array;
}

/**
 * Copies the newest snapshot to the bucket, where it outlives the disks of the nodes. What is copied was read back and
 * checked byte by byte. A failure is told to the observer and to the caller, and is never thrown: the metastore does
 * without copies.
 */
export class SnapshotBackup {
  readonly #deps: SnapshotBackupDeps;
  readonly #settings: SnapshotBackupSettings;
  #running: Promise<BackupOutcome> | undefined;
  /** The last snapshot that is known to be in the bucket. */
  #copied: { readonly index: number; readonly key: string } | undefined;

  constructor(deps: SnapshotBackupDeps, settings: SnapshotBackupSettings) {
    this.#deps = deps;
    this.#settings = settings;
  }

  /**
   * Copies the newest snapshot unless it was copied, and removes the oldest copies. To be called by the leader, after each
   * snapshot or at any time; a call while another runs waits for that one.
   *
   * @param signal - ends it: the outcome is `failed` then, and nobody is told.
   */
  backUp(signal: AbortSignal): Promise<BackupOutcome> {
    this.#running ??= this.#tryBackUp(signal).finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  async #tryBackUp(signal: AbortSignal): Promise<BackupOutcome> {
    using limit = deadline(this.#settings.timeoutMs, signal);
    try {
      return await this.#backUpNewest(limit.signal);
    } catch (error) {
      if (!signal.aborted) this.#deps.observer.onFailure(error);
      return { type: "failed", error };
    }
  }

  async #backUpNewest(signal: AbortSignal): Promise<BackupOutcome> {
    const { clock, observer } = this.#deps;
    const [index] = await this.#deps.snapshots.indexes();
    if (index === undefined) return { type: "none" };
    if (this.#copied?.index === index) {
      observer.onPresent();
      return { type: "present", key: this.#copied.key };
    }
    const startMs = clock.monotonicMs();
    const snapshot = await this.#read(index);
    if (!snapshot) return { type: "none" };
    const { key, bytes } = snapshot;
    const type = await this.#store(snapshot, signal);
    this.#copied = { index, key };
    if (type === "present") observer.onPresent();
    else observer.onStored({ key, sizeBytes: bytes.length, elapsedMs: clock.monotonicMs() - startMs });
    await this.#removeOld(snapshot, signal);
    return { type, key };
  }

  /** Undefined when it was pruned meanwhile. */
  async #read(index: number): Promise<Snapshot | undefined> {
    const source = await this.#deps.snapshots.openForSending(index);
    if (!source) return undefined;
    await using _ = source;
    const bytes = await readWhole(source);
    const { identity, position } = await readSnapshot(fileOfBytes(bytes), () => {});
    if (position.index !== index) throw new DataLossError("the snapshot is not that of its name");
    const { clusterId } = identity;
    const key = metastoreSnapshotKey({ clusterId, ...position });
    return { index, key, folder: `${METASTORE_SNAPSHOTS_PREFIX}${clusterId}/`, bytes };
  }

  /**
   * A copy of that name may be of another life of the cluster, which counted the same and had other content: it gives way.
   */
  async #store({ key, bytes }: Snapshot, signal: AbortSignal): Promise<"stored" | "present"> {
    const { objectStore } = this.#deps;
    try {
      await objectStore.put(key, bytes, { ifNoneMatch: "*" }, signal);
      return "stored";
    } catch (error) {
      if (!(error instanceof ObjectExistsError)) throw error;
    }
    if (await this.#isInBucket(key, bytes, signal)) return "present";
    await objectStore.put(key, bytes, {}, signal);
    return "stored";
  }

  async #isInBucket(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<boolean> {
    const range = { offset: bytes.length - DIGEST_BYTES, length: DIGEST_BYTES };
    try {
      const digest = await this.#deps.objectStore.getRange(key, range, signal);
      return Buffer.compare(digest, bytes.subarray(-DIGEST_BYTES)) === 0;
    } catch (error) {
      if (error instanceof DataLossError || error instanceof ObjectNotFoundError) return false;
      throw error;
    }
  }

  async #removeOld({ key, folder }: Snapshot, signal: AbortSignal): Promise<void> {
    const { objectStore, observer } = this.#deps;
    try {
      const copies: StoredCopy[] = [];
      for await (const entry of objectStore.list(folder, {}, signal)) {
        if (entry.type === "object") copies.push(entry);
      }
      const old = copiesToRemove(copies, { retain: this.#settings.retain, justStored: key });
      for (const oldKey of old) await objectStore.delete(oldKey, signal);
    } catch (error) {
      if (!signal.aborted) observer.onRemovalFailure(error);
    }
  }
}

async function readWhole(source: SnapshotSource): Promise<Uint8Array> {
  if (source.sizeBytes > MAX_BYTES) {
    throw new ResourceExhaustedError(
      `the snapshot is too large to be copied: size_bytes=${source.sizeBytes} limit_bytes=${MAX_BYTES}`,
    );
  }
  return source.readAt(0, source.sizeBytes);
}
