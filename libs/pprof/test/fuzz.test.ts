import { describe, expect, it } from "@jest/globals";
import { gunzipBounded } from "@hearth/pprof";
import { seededRandom } from "@hearth/runtime";

import { fixtures } from "./fixtures.ts";
import { fuzzDecodePprof } from "./fuzz.ts";

describe("decoding of mutated profiles", () => {
  const corpus = fixtures.map(({ body }) => gunzipBounded(body, { maxSizeBytes: 1 << 20 }));

  it.each([
    { name: "plain ones", bodies: corpus, rounds: 3000 },
    { name: "compressed ones", bodies: fixtures.map(({ body }) => body), rounds: 500 },
  ])("ends, and refuses in the proper form: $name", ({ bodies, rounds }) => {
    const refused = fuzzDecodePprof({ corpus: bodies, rounds, random: seededRandom(20_261_123) });
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(rounds);
  });
});
