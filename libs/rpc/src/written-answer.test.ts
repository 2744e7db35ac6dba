import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ProfileSchema } from "@hearth/proto/google/v1";
import { SelectMergeStacktracesResponseSchema } from "@hearth/proto/querier/v1";
import { describe, expect, it } from "@jest/globals";

import { binaryOptions } from "./codec-options.ts";
import { encodedMessage } from "./written-answer.ts";

const profile = create(ProfileSchema, {
  sample: [{ locationId: [1n, 300n], value: [2n ** 63n - 1n] }],
  stringTable: ["", "größe"],
  period: -5n,
});

describe("encodedMessage", () => {
  it.each([
    { name: "of several fields", message: profile },
    {
      name: "whose first field has a tag of one byte and nothing else",
      message: create(ProfileSchema, { period: 1n }),
    },
    { name: "that is empty", message: create(ProfileSchema) },
  ])("is written as it is: one $name", ({ message }) => {
    const bytes = toBinary(ProfileSchema, message);
    expect(toBinary(ProfileSchema, encodedMessage(ProfileSchema, bytes), binaryOptions)).toEqual(bytes);
  });

  it("may be part of another", () => {
    const bytes = toBinary(ProfileSchema, profile);
    const response = create(SelectMergeStacktracesResponseSchema, {
      pprof: { profile: encodedMessage(ProfileSchema, bytes) },
    });
    const read = fromBinary(
      SelectMergeStacktracesResponseSchema,
      toBinary(SelectMergeStacktracesResponseSchema, response, binaryOptions),
    );
    expect(read.pprof?.profile).toEqual(profile);
  });
});
