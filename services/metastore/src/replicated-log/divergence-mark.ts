import type { Directory } from "../disk/directory.ts";

/**
 * A file beside the hard state which says that the state of this node was found to differ from that of its group. The
 * snapshots may hold the wrong state, so a node with the mark does not start until its folders are emptied.
 */
const FILE = "state-diverged";
const TEMPORARY_FILE = `${FILE}.tmp`;
const MAX_BYTES = 4096;

/** Durable when it resolves. @param detail - for people; read back by {@link readDivergence}. */
export async function markDiverged(directory: Directory, detail: string): Promise<void> {
  {
    await using file = await directory.create(TEMPORARY_FILE);
    await file.writeAt(0, new TextEncoder().encode(detail));
    await file.sync();
  }
  await directory.rename(TEMPORARY_FILE, FILE);
  await directory.sync();
}

/** Undefined when there is no mark. A damaged one is a mark too. */
export async function readDivergence(directory: Directory): Promise<string | undefined> {
  const file = await directory.open(FILE);
  if (!file) return undefined;
  await using _ = file;
  return new TextDecoder().decode(await file.readAt(0, MAX_BYTES));
}
