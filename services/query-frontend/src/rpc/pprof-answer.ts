import { create, fromBinary } from "@bufbuild/protobuf";
import { assertNever } from "@hearth/errors";
import { type Profile, ProfileSchema } from "@hearth/proto/google/v1";
import { encodedMessage } from "@hearth/rpc";

import type { PprofFormat } from "../merge/merge-pprof.ts";
import type { QueryCall } from "../query-frontend.ts";

/**
 * Answers with a profile in the form that the call takes: it is written in a thread and goes to the client as it is.
 *
 * @param fetch - writes the profile.
 * @param around - text of the JSON before and after the profile, where the answer is more than that.
 * @returns what to return, be it whole or in name only: see `AnswerForm`.
 */
export async function pprofAnswer(
  { answerForm }: QueryCall,
  fetch: (format: PprofFormat) => Promise<Uint8Array>,
  around: readonly [before: string, after: string] = ["", ""],
): Promise<Profile> {
  switch (answerForm.type) {
    case "message":
      return fromBinary(ProfileSchema, await fetch("binary"));
    case "binary":
      return encodedMessage(ProfileSchema, await fetch("binary"));
    case "json": {
      const [before, after] = around;
      const json = await fetch("json");
      answerForm.write(before === "" ? json : Buffer.concat([Buffer.from(before), json, Buffer.from(after)]));
      return create(ProfileSchema);
    }
    default:
      return assertNever(answerForm);
  }
}
