import type { Memory } from "@hearth/arena";
import type { PprofProfile } from "@hearth/pprof";
import { finish, mix } from "@hearth/symbols";

const HAS_FUNCTIONS = 1;

/** Locations of a profile, equal ones as one, and their addresses. */
export interface CanonicalLocations {
  /** For each location the first that is equal to it. */
  readonly first: Uint32Array;
  /** 1 where the addresses of a mapping say nothing, since its functions are known. */
  readonly isSymbolized: Uint8Array;
}

/**
 * Finds locations that are equal. Addresses in mappings whose functions are known do not count, nor are they stored: of
 * them there is one for each call, thousands for a few hundred lines of code.
 */
export function canonicalLocations(profile: PprofProfile, memory: Memory): CanonicalLocations {
  const { locations, mappings } = profile;
  const isSymbolized = Uint8Array.from(mappings.flags, (flags) => flags & HAS_FUNCTIONS);
  const first = memory.uint32(locations.count);
  const slots = memory.uint32(2 ** (33 - Math.clz32(locations.count)));
  const mask = slots.length - 1;
  for (let index = 1; index < locations.count; index++) {
    let slot = hashOf(profile, isSymbolized, index) & mask;
    for (;;) {
      const other = slots[slot]!;
      if (other === 0) {
        slots[slot] = index;
        first[index] = index;
        break;
      }
      if (areEqual(profile, isSymbolized, other, index)) {
        first[index] = other;
        break;
      }
      slot = (slot + 1) & mask;
    }
  }
  return { first, isSymbolized };
}

function hashOf({ locations, lines }: PprofProfile, isSymbolized: Uint8Array, index: number): number {
  const mapping = locations.mapping[index]!;
  let hash = mix(0, mapping);
  if (isSymbolized[mapping] !== 1) {
    hash = mix(hash, locations.addressLow[index]!);
    if (locations.addressHigh !== undefined) hash = mix(hash, locations.addressHigh[index]!);
  }
  const end = locations.firstLine[index + 1]!;
  for (let line = locations.firstLine[index]!; line < end; line++) {
    hash = mix(mix(hash, lines.functionIndex[line]!), lines.line[line]!);
  }
  return finish(hash);
}

function areEqual(
  { locations, lines }: PprofProfile,
  isSymbolized: Uint8Array,
  a: number,
  b: number,
): boolean {
  const mapping = locations.mapping[a]!;
  if (mapping !== locations.mapping[b] || locations.isFolded[a] !== locations.isFolded[b]) return false;
  if (isSymbolized[mapping] !== 1) {
    if (locations.addressLow[a] !== locations.addressLow[b]) return false;
    if (locations.addressHigh !== undefined && locations.addressHigh[a] !== locations.addressHigh[b])
      return false;
  }
  const startA = locations.firstLine[a]!;
  const startB = locations.firstLine[b]!;
  const count = locations.firstLine[a + 1]! - startA;
  if (count !== locations.firstLine[b + 1]! - startB) return false;
  for (let i = 0; i < count; i++) {
    if (lines.functionIndex[startA + i] !== lines.functionIndex[startB + i]) return false;
    if (lines.line[startA + i] !== lines.line[startB + i]) return false;
  }
  return true;
}
