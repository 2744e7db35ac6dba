import type { WorkingProfile } from "./working-profile.ts";

const SHAPE = "[go.shape.";

/**
 * Takes the type arguments that the Go compiler writes into names of generic functions (`Map[go.shape.int]`) out of
 * all strings, for they say nothing to a reader and make one function many.
 */
export function removeGoShapes(profile: WorkingProfile): void {
  const all = asBuffer(profile.bytes);
  if (!hasShapes(profile, all)) return;
  for (let index = 0; index < profile.stringCount; index++) {
    // One character per byte: positions are those of the bytes, whatever their encoding.
    const text = all.toString("latin1", profile.stringStart[index], profile.stringEnd[index]);
    const shorter = withoutGoShapes(text);
    if (shorter === text) continue;
    profile.replaceString(index, Buffer.from(shorter, "latin1"));
    profile.hasEqualSymbols = true;
  }
}

/** Looks at where the strings lie, not at each: nearly all profiles have none. */
function hasShapes(profile: WorkingProfile, all: Buffer): boolean {
  const { first, end } = profile.stringBounds();
  return all.subarray(first, end).includes(SHAPE);
}

/** Brackets that do not close stay. */
export function withoutGoShapes(text: string): string {
  let result = "";
  let position = 0;
  for (;;) {
    const start = text.indexOf(SHAPE, position);
    const end = start < 0 ? -1 : closingBracket(text, start);
    if (end < 0) return result + text.slice(position);
    result += text.slice(position, start);
    position = end + 1;
  }
}

/** @returns where the bracket at `start` closes, or -1. */
function closingBracket(text: string, start: number): number {
  let depth = 0;
  for (let position = start; position < text.length; position++) {
    const character = text[position];
    if (character === "[") depth++;
    else if (character === "]" && --depth === 0) return position;
  }
  return -1;
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
