import { create } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { QueryMetadataResponseSchema } from "@hearth/proto/hearth/metastore/v1";

import { blockMeta } from "../../test/fakes.ts";
import { LABEL_SECTIONS, leafDeletions, plannedBlocks } from "./planned-blocks.ts";

const answer = create(QueryMetadataResponseSchema, {
  blocks: ["A", "B", "C"].map((id) => blockMeta({ id })),
  deletions: [
    { number: 7n, tenant: "acme" },
    { number: 9n, tenant: "acme" },
  ],
  blockDeletions: [
    { block: 0, deletions: [0, 1] },
    { block: 2, deletions: [1] },
  ],
});
const [first, second, third] = plannedBlocks(answer, LABEL_SECTIONS);

describe("blocks with deletions", () => {
  it("have those that touch them, by which answers about them are told apart", () => {
    expect([first, second, third].map((block) => block!.deletions.map(({ number }) => number))).toEqual([
      [7n, 9n],
      [],
      [9n],
    ]);
    const keys = [first, second, third].map((block) => block!.datasetsKey.replace(/^[ABC]\/[\d,]*/u, ""));
    expect(keys).toEqual(["!7,9", "", "!9"]);
  });

  it("tell a leaf which of its blocks they touch, by its own positions", () => {
    expect(leafDeletions([second!, third!, first!])).toMatchObject({
      deletions: [{ number: 9n }, { number: 7n }],
      blockDeletions: [
        { block: 1, deletions: [0] },
        { block: 2, deletions: [1, 0] },
      ],
    });
    expect(leafDeletions([second!])).toEqual({});
  });
});
