import { create, type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { assertNever } from "@hearth/errors";
import { encodedMessage } from "@hearth/rpc";

import type { MessageFormat } from "../merge/message-format.ts";
import type { QueryCall } from "../query-frontend.ts";

/**
 * Answers with a message in the form that the call takes: it is written as bytes, perhaps in a thread, and goes to the client
 * as it is.
 *
 * @param fetch - writes the message.
 * @param around - text of the JSON before and after the message, where the answer is more than that.
 * @returns what to return, be it whole or in name only: see `AnswerForm`.
 */
export async function writtenAnswer<Desc extends DescMessage>(
  schema: Desc,
  { answerForm }: QueryCall,
  fetch: (format: MessageFormat) => Promise<Uint8Array>,
  around: readonly [before: string, after: string] = ["", ""],
): Promise<MessageShape<Desc>> {
  switch (answerForm.type) {
    case "message":
      return fromBinary(schema, await fetch("binary"));
    case "binary":
      return encodedMessage(schema, await fetch("binary"));
    case "json": {
      const [before, after] = around;
      const json = await fetch("json");
      answerForm.write(before === "" ? json : Buffer.concat([Buffer.from(before), json, Buffer.from(after)]));
      return create(schema);
    }
    default:
      return assertNever(answerForm);
  }
}

/** The JSON around a flame graph, be it of one tree or two. */
export const AROUND_FLAME_GRAPH = ['{"flamegraph":', "}"] as const;
