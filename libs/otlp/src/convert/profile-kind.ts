import type { TypeAndUnit } from "@hearth/profile";

/** What a profile is called, and what its values count. */
export interface ProfileKind {
  /** Value of `__name__`; never empty. */
  readonly name: string;
  readonly sampleType: TypeAndUnit;
  /** Absent when the profile has no period. */
  readonly periodType: TypeAndUnit | undefined;
  /** Values count events and stand for so much of the period type each. */
  readonly isScaledByPeriod: boolean;
  /** Each sample may hold several values whatever its timestamps, of which the sum counts. */
  readonly hasManyValues: boolean;
}

/** Period types that are names of profiles themselves. */
const NAMES: ReadonlySet<string> = new Set([
  "block",
  "goroutine",
  "memory",
  "mutex",
  "off_cpu",
  "process_cpu",
  "wall",
]);

/** Names by sample type, where the type alone leaves no doubt. */
const NAME_OF_TYPE: ReadonlyMap<string, string> = new Map([
  ["cpu", "process_cpu"],
  ["off_cpu", "off_cpu"],
  ["wall", "wall"],
  ["goroutine", "goroutine"],
  ["goroutines", "goroutine"],
  ["alloc_objects", "memory"],
  ["alloc_space", "memory"],
  ["alloc_bytes", "memory"],
  ["inuse_objects", "memory"],
  ["inuse_space", "memory"],
  ["inuse_bytes", "memory"],
  ["objects", "memory"],
  ["space", "memory"],
]);

/** Names by period type, for sample types that say less. */
const NAME_OF_PERIOD_TYPE: ReadonlyMap<string, string> = new Map([
  ["cpu", "process_cpu"],
  ["space", "memory"],
]);

/**
 * Names a profile by its types. Counted CPU samples (`samples:count` per `cpu:nanoseconds`) become CPU time, as Go's
 * own profiles have it. A period type that is itself the name of a profile counts first, then what is known of the
 * sample type, then whatever there is: the period type, at last the sample type.
 *
 * @param sampleType - its type is not empty.
 * @param periodType - absent when the profile has no period.
 */
export function profileKind(sampleType: TypeAndUnit, periodType: TypeAndUnit | undefined): ProfileKind {
  if (isCountedCpu(sampleType, periodType)) {
    const cpuTime = { type: "cpu", unit: "nanoseconds" };
    return {
      name: "process_cpu",
      sampleType: cpuTime,
      periodType,
      isScaledByPeriod: true,
      hasManyValues: false,
    };
  }
  return {
    name: nameOf(sampleType.type, periodType?.type ?? ""),
    sampleType,
    periodType,
    isScaledByPeriod: false,
    hasManyValues: sampleType.type === "off_cpu",
  };
}

function isCountedCpu(sampleType: TypeAndUnit, periodType: TypeAndUnit | undefined): boolean {
  return (
    sampleType.type === "samples" &&
    sampleType.unit === "count" &&
    periodType?.type === "cpu" &&
    periodType.unit === "nanoseconds"
  );
}

function nameOf(sampleType: string, periodType: string): string {
  if (NAMES.has(periodType)) return periodType;
  const known = NAME_OF_TYPE.get(sampleType) ?? NAME_OF_PERIOD_TYPE.get(periodType);
  return known ?? (periodType === "" ? sampleType : periodType);
}
