export { FaultyKvDisk } from "./faulty-kv-disk.ts";
export {
  KvLockedError,
  KvUnreadableError,
  KvWriteError,
  type KvEntry,
  type KvRange,
  type KvScan,
  type KvStore,
  type KvWrite,
} from "./kv-store.ts";
export { openLevelStore, type LevelStoreOptions } from "./level-store.ts";
export { MemoryKvStore } from "./memory-kv-store.ts";
