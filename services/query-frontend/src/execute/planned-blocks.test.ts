import { describe, expect, it } from "@jest/globals";

import { blockMeta } from "../../test/fakes.ts";
import { LABEL_SECTIONS, plannedBlock } from "./planned-blocks.ts";

describe("a planned block", () => {
  it("has the times of the datasets that match, not those of others in its segment", () => {
    const datasets = [
      { minTimeMs: 200n, maxTimeMs: 300n },
      { minTimeMs: 250n, maxTimeMs: 400n },
    ];
    const segment = blockMeta({ level: 0, minTimeMs: 1n, maxTimeMs: 900n, datasets });
    expect(plannedBlock(segment, LABEL_SECTIONS)).toMatchObject({ minTimeMs: 200, maxTimeMs: 400 });
  });
});
