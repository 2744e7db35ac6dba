import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { ProfileSchema } from "@hearth/proto/google/v1";
import {
  ProfileFormat,
  SelectMergeProfileRequestSchema,
  SelectMergeStacktracesRequestSchema,
  SelectMergeStacktracesResponseSchema,
} from "@hearth/proto/querier/v1";
import { binaryOptions, jsonOptions } from "@hearth/rpc";
import { beforeEach, describe, expect, it } from "@jest/globals";

import type { QueryCall } from "../src/query-frontend.ts";
import { selectMergeProfile } from "../src/rpc/select-merge-profile.ts";
import { selectMergeStacktraces } from "../src/rpc/select-merge-stacktraces.ts";
import { encodedColumns } from "./answers.ts";
import { callOf, END_MS, START_MS, type TestFrontend, testFrontend } from "./fakes.ts";

const selection = {
  start: BigInt(START_MS),
  end: BigInt(END_MS),
  profileTypeID: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
  labelSelector: "{}",
};

let test: TestFrontend;

beforeEach(() => {
  test = testFrontend();
  test.backend.answer = () => ({
    case: "pprof",
    value: { columns: encodedColumns("main;größe 5", "main 9223372036854775807") },
  });
});

/** A method that may answer with a profile: its answer as a message, and what of it is written. */
const methods = [
  {
    name: "SelectMergeProfile",
    schema: ProfileSchema,
    ask: async (call: QueryCall) =>
      create(
        ProfileSchema,
        await selectMergeProfile(test.frontend, create(SelectMergeProfileRequestSchema, selection), call),
      ),
  },
  {
    name: "SelectMergeStacktraces as pprof",
    schema: SelectMergeStacktracesResponseSchema,
    ask: async (call: QueryCall) => {
      const request = { ...selection, format: ProfileFormat.PPROF };
      return create(
        SelectMergeStacktracesResponseSchema,
        await selectMergeStacktraces(
          test.frontend,
          create(SelectMergeStacktracesRequestSchema, request),
          call,
        ),
      );
    },
  },
];

describe.each(methods)("$name", ({ schema, ask }) => {
  it("is the same written in binary as by way of a message", async () => {
    const message = await ask(callOf());
    const written = await ask(callOf({ answerForm: { type: "binary" } }));
    expect(toBinary(schema, written, binaryOptions)).toEqual(toBinary(schema, message));
    expect(toBinary(schema, message).length).toBeGreaterThan(100);
  });

  it("is the same written in JSON as by way of a message", async () => {
    const message = await ask(callOf());
    const written: string[] = [];
    const write = (json: Uint8Array): void => void written.push(Buffer.from(json).toString());
    await ask(callOf({ answerForm: { type: "json", write } }));
    expect(written).toEqual([toJsonString(schema, message, jsonOptions)]);
  });

  it("is the same without data", async () => {
    test.metastore.blocks = [[]];
    const message = await ask(callOf());
    const written: string[] = [];
    const write = (json: Uint8Array): void => void written.push(Buffer.from(json).toString());
    await ask(callOf({ answerForm: { type: "json", write } }));
    expect(written).toEqual([toJsonString(schema, message, jsonOptions)]);
  });
});
