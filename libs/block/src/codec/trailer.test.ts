import { describe, expect, it } from "@jest/globals";
import { decodeTrailer, encodeTrailer } from "./trailer.ts";

const TRAILER = { metaOffset: 2 ** 40, metaSizeBytes: 77, metaCrc: 0xdeadbeef };

describe("the trailer of a block", () => {
  it.each([1, 2])("of version %i is read", (formatVersion) => {
    expect(decodeTrailer(encodeTrailer({ ...TRAILER, formatVersion }))).toEqual({
      ...TRAILER,
      formatVersion,
    });
  });

  it.each([0, 3, 2 ** 32 - 1])("of version %i is refused, and it says which are known", (formatVersion) => {
    expect(() => decodeTrailer(encodeTrailer({ ...TRAILER, formatVersion }))).toThrow(
      `unknown format version: version=${formatVersion} known=1 to 2`,
    );
  });
});
