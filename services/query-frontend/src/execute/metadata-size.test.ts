import { create, toBinary } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { BlockMetaSchema, SectionCodec, SectionKind } from "@hearth/proto/hearth/block/v1";
import { QueryMetadataResponseSchema } from "@hearth/proto/hearth/metastore/v1";
import fc from "fast-check";

import { metadataSizeBytes } from "./metadata-size.ts";

/** Small ones, and those at which a further byte is needed. */
const integer = fc.oneof(
  fc.nat(3),
  fc.constantFrom(127, 128, 16_383, 16_384, 2_097_151, 2_097_152, 2 ** 28 - 1, 2 ** 28, 2 ** 32 - 1),
);
const wide = fc.oneof(integer, fc.constantFrom(2 ** 35 - 1, 2 ** 35, 2 ** 49, 2 ** 53 - 1)).map(BigInt);
const text = fc.oneof(fc.constant(""), fc.string({ unit: "grapheme", maxLength: 150 }));

const section = fc.record({
  kind: fc.constantFrom(SectionKind.UNSPECIFIED, SectionKind.SERIES, SectionKind.SYMBOLS),
  offset: wide,
  sizeBytes: wide,
  rawSizeBytes: wide,
  crc: integer,
  codec: fc.constantFrom(SectionCodec.UNSPECIFIED, SectionCodec.ZSTD),
});
const dataset = fc.record({
  tenant: integer,
  name: integer,
  minTimeMs: wide,
  maxTimeMs: wide,
  offset: wide,
  sizeBytes: wide,
  sections: fc.array(section, { maxLength: 6 }),
  optionalSections: fc.array(section, { maxLength: 2 }),
  labels: fc.array(integer, { maxLength: 80 }),
  seriesCount: integer,
  profileCount: integer,
  sampleCount: wide,
});
const blockMeta = fc.record({
  formatVersion: integer,
  id: text,
  tenant: integer,
  shard: integer,
  level: integer,
  minTimeMs: wide,
  maxTimeMs: wide,
  createdBy: integer,
  sizeBytes: wide,
  datasets: fc.array(dataset, { maxLength: 3 }),
  stringTable: fc.array(text, { maxLength: 5 }),
});

describe("metadataSizeBytes", () => {
  it("is what the encoded block takes in a list", () => {
    fc.assert(
      fc.property(fc.array(blockMeta, { maxLength: 3 }), (blocks) => {
        const metas = blocks.map((block) => create(BlockMetaSchema, block));
        const encoded = toBinary(
          QueryMetadataResponseSchema,
          create(QueryMetadataResponseSchema, { blocks: metas }),
        );
        expect(metas.reduce((sum, meta) => sum + metadataSizeBytes(meta), 0)).toBe(encoded.length);
      }),
      { numRuns: 500 },
    );
  });
});
