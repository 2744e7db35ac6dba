import { describe, expect, it } from "@jest/globals";
import { profileKind } from "../src/convert/profile-kind.ts";

/** `type:unit:period type:period unit`, the last two empty without a period, as after the name in a profile type id. */
const cases = [
  {
    types: "samples:count:cpu:nanoseconds",
    want: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    scaled: true,
  },
  { types: "cpu:nanoseconds:cpu:nanoseconds", want: "process_cpu:cpu:nanoseconds:cpu:nanoseconds" },
  { types: "cpu:nanoseconds::", want: "process_cpu:cpu:nanoseconds::" },
  { types: "samples:count:cpu:microseconds", want: "process_cpu:samples:count:cpu:microseconds" },
  { types: "samples:count::", want: "samples:samples:count::" },
  { types: "off_cpu:nanoseconds::", want: "off_cpu:off_cpu:nanoseconds::", many: true },
  {
    types: "off_cpu:nanoseconds:cpu:nanoseconds",
    want: "off_cpu:off_cpu:nanoseconds:cpu:nanoseconds",
    many: true,
  },
  { types: "events:count::", want: "events:events:count::" },
  { types: "inuse_space:bytes:space:bytes", want: "memory:inuse_space:bytes:space:bytes" },
  { types: "alloc_objects:count:space:bytes", want: "memory:alloc_objects:count:space:bytes" },
  { types: "live:count:space:bytes", want: "memory:live:count:space:bytes" },
  { types: "contentions:count:mutex:count", want: "mutex:contentions:count:mutex:count" },
  { types: "delay:nanoseconds:block:count", want: "block:delay:nanoseconds:block:count" },
  { types: "contentions:count:contentions:count", want: "contentions:contentions:count:contentions:count" },
  { types: "goroutines:count::", want: "goroutine:goroutines:count::" },
  { types: "wall:nanoseconds:wall:nanoseconds", want: "wall:wall:nanoseconds:wall:nanoseconds" },
  {
    types: "cpu:nanoseconds:process_cpu:nanoseconds",
    want: "process_cpu:cpu:nanoseconds:process_cpu:nanoseconds",
  },
  { types: "exceptions:count:requests:count", want: "requests:exceptions:count:requests:count" },
];

describe("profileKind", () => {
  it.each(cases)("$types is $want", ({ types, want, scaled = false, many = false }) => {
    const [type = "", unit = "", periodType = "", periodUnit = ""] = types.split(":");
    const period = periodType === "" ? undefined : { type: periodType, unit: periodUnit };
    const kind = profileKind({ type, unit }, period);
    const named = [
      kind.name,
      kind.sampleType.type,
      kind.sampleType.unit,
      kind.periodType?.type,
      kind.periodType?.unit,
    ];
    expect(named.map((part) => part ?? "").join(":")).toBe(want);
    expect([kind.isScaledByPeriod, kind.hasManyValues]).toEqual([scaled, many]);
  });
});
