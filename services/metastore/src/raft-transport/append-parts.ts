import { entrySizeBytes, type LogEntry, type LogPosition } from "@hearth/raft";
import { MAX_FRAME_BYTES } from "./frame-limits.ts";
import type { AppendMessage } from "./frame-message.ts";

/**
 * Splits an Append into ones that fit into a frame each: of at most 1 MiB of entries, or one larger entry. Each follows the
 * one before. Most fit as they are.
 */
export function splitAppend(message: AppendMessage): AppendMessage[] {
  const { entries } = message;
  const parts: AppendMessage[] = [];
  let prev = message.prev;
  let start = 0;
  do {
    const end = endOfPart(entries, start);
    if (start === 0 && end === entries.length) return [message];
    const part = entries.slice(start, end);
    parts.push({ ...message, prev, entries: part });
    prev = positionOf(part.at(-1)!);
    start = end;
  } while (start < entries.length);
  return parts;
}

function positionOf({ index, term, chain }: LogPosition): LogPosition {
  return { index, term, chain };
}

function endOfPart(entries: readonly LogEntry[], start: number): number {
  let sizeBytes = 0;
  for (let at = start; at < entries.length; at++) {
    sizeBytes += entrySizeBytes(entries[at]!);
    if (sizeBytes > MAX_FRAME_BYTES && at > start) return at;
  }
  return entries.length;
}
