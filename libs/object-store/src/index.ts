export { FaultyObjectStore, type Fault, type ObjectOperation } from "./faulty-object-store.ts";
export {
  FilesystemObjectStore,
  type FilesystemObjectStoreDeps,
} from "./filesystem/filesystem-object-store.ts";
export {
  InstrumentedObjectStore,
  objectStoreMetrics,
  type ObjectStoreMetrics,
} from "./instrumented-object-store.ts";
export { compareKeys } from "./key.ts";
export { MemoryObjectStore } from "./memory-object-store.ts";
export {
  blockKeyOfLetter,
  blockObjectKey,
  BLOCKS_PREFIX,
  DEAD_LETTERS_PREFIX,
  deadLetterKey,
  METASTORE_SNAPSHOTS_PREFIX,
  metastoreSnapshotKey,
  parseMetastoreSnapshotKey,
  parseObjectKey,
  REFUSED_LETTERS_PREFIX,
  refusedLetterKey,
  SEGMENTS_PREFIX,
  type BlockLocation,
  type LetterKey,
  type ParsedKey,
  type SnapshotLocation,
} from "./object-keys.ts";
export {
  ObjectExistsError,
  ObjectNotFoundError,
  type ByteRange,
  type ListEntry,
  type ListOptions,
  type ObjectInfo,
  type ObjectStore,
  type PutOptions,
} from "./object-store.ts";
