import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { InvokeRequestSchema } from "@hearth/proto/hearth/query/v1";

import { leafRequestFromWire } from "./leaf-codec.ts";

describe("the range of a leaf", () => {
  it.each([
    { name: "ends on its last millisecond, as that of a query does", wholeEndMs: false, want: 20 },
    { name: "ends after all of its last millisecond where it was cut", wholeEndMs: true, want: 20.5 },
  ])("$name", ({ wholeEndMs, want }) => {
    const request = create(InvokeRequestSchema, {
      tenants: ["acme"],
      startTimeMs: 10n,
      endTimeMs: 20n,
      wholeEndMs,
      queries: [{ query: { case: "labelNames", value: {} } }],
    });
    expect(leafRequestFromWire(request)).toMatchObject({ startMs: 10, endMs: want });
  });
});
