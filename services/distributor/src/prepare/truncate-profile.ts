import type { WorkingProfile } from "./working-profile.ts";

/**
 * Cuts stacks that are deeper than allowed to the frames nearest the root.
 *
 * @param maxDepth - 0: no limit.
 * @returns how many were cut.
 */
export function truncateStacks(profile: WorkingProfile, maxDepth: number): number {
  if (maxDepth === 0) return 0;
  const { stackStart, stackEnd } = profile;
  let truncated = 0;
  for (let sample = 0; sample < stackStart.length; sample++) {
    const start = stackEnd[sample]! - maxDepth;
    if (stackStart[sample]! >= start) continue;
    stackStart[sample] = start;
    truncated++;
  }
  return truncated;
}

/**
 * Cuts strings that are longer than allowed to their last bytes, never within a character.
 *
 * @param maxLengthBytes - 0: no limit.
 * @returns how many were cut.
 */
export function truncateStrings(profile: WorkingProfile, maxLengthBytes: number): number {
  if (maxLengthBytes === 0) return 0;
  const { bytes, stringStart, stringEnd, stringCount } = profile;
  let truncated = 0;
  for (let index = 0; index < stringCount; index++) {
    const end = stringEnd[index]!;
    if (end - stringStart[index]! <= maxLengthBytes) continue;
    stringStart[index] = characterStart(bytes, end - maxLengthBytes, end);
    truncated++;
  }
  return truncated;
}

/** The first position from `start` on where a character begins. In bytes that are no UTF-8, at most three further. */
function characterStart(bytes: Uint8Array, start: number, end: number): number {
  for (let position = start; position < Math.min(start + 4, end); position++) {
    if ((bytes[position]! & 0xc0) !== 0x80) return position;
  }
  return start;
}
