import { FailedPreconditionError } from "@hearth/errors";

/** What lies in a folder. */
export interface FolderEntry {
  /** Without any path. */
  readonly name: string;
  /** Whether it is a plain file: no link, folder or device. */
  readonly isPlainFile: boolean;
}

/** As a node calls them, and as the bucket calls copies. */
const NAME_PATTERNS = [
  /^snapshot-(?<index>[0-9]{16})\.bin$/u,
  /^(?<index>[1-9][0-9]{0,15})-[1-9][0-9]{0,15}\.bin$/u,
];

/**
 * The file to import from a folder: the snapshot of the highest index. Names that no snapshot has are passed over.
 *
 * @throws {FailedPreconditionError} when there is none, when two are of that index, or when it is not a plain file.
 */
export function chooseSnapshotFile(entries: readonly FolderEntry[]): string {
  const found = entries.flatMap((entry) => {
    const index = indexIn(entry.name);
    return index === undefined ? [] : [{ ...entry, index }];
  });
  const [newest, next] = found.toSorted((a, b) => b.index - a.index);
  if (!newest) {
    throw new FailedPreconditionError(
      "there is no snapshot: its file must be called snapshot-{index}.bin, or {index}-{term}.bin",
    );
  }
  if (next?.index === newest.index) {
    throw new FailedPreconditionError(`two snapshots have the same index: ${newest.name} ${next.name}`);
  }
  if (!newest.isPlainFile) throw new FailedPreconditionError(`not a plain file: ${newest.name}`);
  return newest.name;
}

function indexIn(name: string): number | undefined {
  for (const pattern of NAME_PATTERNS) {
    const index = Number(pattern.exec(name)?.groups?.["index"]);
    if (Number.isSafeInteger(index)) return index;
  }
  return undefined;
}
