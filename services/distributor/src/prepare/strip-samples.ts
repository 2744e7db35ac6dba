import { ExactSums } from "@hearth/exact-integers";

import type { WorkingProfile } from "./working-profile.ts";

/**
 * Leaves of a profile one sample, with the sums of all values and without stack and labels: what is kept of a profile
 * that is not in the sample. Samples with a negative value, or with more or fewer values than there are sample types,
 * do not count.
 */
export function stripSamples(profile: WorkingProfile): void {
  const { samples, sampleTypes } = profile.pprof;
  const { value, valueEnd } = samples;
  const sums = new ExactSums(sampleTypes.length);
  for (let sample = 0; sample < samples.count; sample++) {
    const end = valueEnd[sample]!;
    const first = sample === 0 ? 0 : valueEnd[sample - 1]!;
    if (end - first !== sampleTypes.length || hasNegative(value.low, first, end)) continue;
    for (let at = first; at < end; at++) sums.add(at - first, value.low[at]!, value.high?.[at] ?? 0);
  }
  profile.replaceSamples({
    count: 1,
    location: new Uint32Array(0),
    locationEnd: new Uint32Array(1),
    value: { low: sums.low, high: sums.high },
    valueEnd: Uint32Array.of(sampleTypes.length),
    labelEnd: new Uint32Array(1),
  });
}

function hasNegative(low: Float64Array, first: number, end: number): boolean {
  for (let at = first; at < end; at++) if (low[at]! < 0) return true;
  return false;
}
