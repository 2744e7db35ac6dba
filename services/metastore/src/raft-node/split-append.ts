import { entrySizeBytes, type Append, type LogEntry } from "@hearth/raft";

const MAX_BYTES = 1024 * 1024;

/** The entries that an Append names, as Appends of at most 1 MiB, or one larger entry, each following the one before. */
export function splitAppend(message: Append, entries: readonly LogEntry[]): Append[] {
  const parts: Append[] = [];
  let { prev } = message;
  let part: LogEntry[] = [];
  let sizeBytes = 0;
  const finish = (): void => {
    parts.push({ ...message, prev, entries: part, rangeEnd: undefined });
    const last = part.at(-1)!;
    prev = { index: last.index, term: last.term, chain: last.chain };
    part = [];
    sizeBytes = 0;
  };
  for (const entry of entries) {
    if (part.length > 0 && sizeBytes + entrySizeBytes(entry) > MAX_BYTES) finish();
    part.push(entry);
    sizeBytes += entrySizeBytes(entry);
  }
  if (part.length > 0) finish();
  return parts;
}
