import type { Append, AppendResponse, Position, RaftMessage } from "@hearth/proto/hearth/raft/v1";
import type { LogPosition, Message } from "@hearth/raft";
import type {
  AppendMessage,
  AppendResponseMessage,
  FrameMessage,
  FrameSurroundings,
} from "./frame-message.ts";
import { InvalidFrameError, required, safeInteger } from "./invalid-frame-error.ts";
import { decodeEntries } from "./wire-entries.ts";

/** What sender, receiver and term of a message are. */
type Head = Pick<Message, "from" | "to" | "term">;

/**
 * One message of a frame, checked.
 *
 * @param field - names it in errors.
 * @throws {InvalidFrameError}
 */
export function decodeBody(field: string, message: RaftMessage, around: FrameSurroundings): FrameMessage {
  const head: Head = { from: around.from, to: around.to, term: safeInteger(`${field}.term`, message.term) };
  const { body } = message;
  const integers = <K extends string>(values: Readonly<Record<K, bigint>>, names: readonly K[]) =>
    safeIntegers(`${field}.${body.case}`, values, names);
  switch (body.case) {
    case "preVote":
      return { type: "pre-vote", ...head, ...integers(body.value, ["lastIndex", "lastTerm"]) };
    case "preVoteResponse":
      return { type: "pre-vote-response", ...head, isGranted: body.value.isGranted };
    case "vote": {
      const { isTransfer } = body.value;
      return { type: "vote", ...head, ...integers(body.value, ["lastIndex", "lastTerm"]), isTransfer };
    }
    case "voteResponse":
      return { type: "vote-response", ...head, isGranted: body.value.isGranted };
    case "append":
      return decodeAppend(`${field}.append`, head, body.value, around);
    case "appendResponse":
      return decodeAppendResponse(`${field}.appendResponse`, head, body.value);
    case "heartbeat":
      return { type: "heartbeat", ...head, ...integers(body.value, ["commit", "readId"]) };
    case "heartbeatResponse": {
      const numbers = integers(body.value, ["readId", "lastIndex", "bootId"]);
      return { type: "heartbeat-response", ...head, ...numbers };
    }
    case "staleTerm":
      return { type: "stale-term", ...head };
    case "readIndex":
      return { type: "read-index", ...head, ...integers(body.value, ["readId", "bootId"]) };
    case "readIndexResponse": {
      const numbers = integers(body.value, ["readId", "bootId", "index"]);
      return { type: "read-index-response", ...head, ...numbers };
    }
    case "timeoutNow":
      return { type: "timeout-now", ...head };
    default:
      throw new InvalidFrameError(`${field}.body`, "missing or of a newer version");
  }
}

/**
 * A place in the log.
 *
 * @throws {InvalidFrameError}
 */
export function decodePosition(field: string, position: Position | undefined): LogPosition {
  const { index, term, chain } = required(field, position);
  return { ...safeIntegers(field, { index, term }, ["index", "term"]), chain };
}

function decodeAppend(field: string, head: Head, append: Append, around: FrameSurroundings): AppendMessage {
  const prev = decodePosition(`${field}.prev`, append.prev);
  if (prev.term > head.term)
    throw new InvalidFrameError(`${field}.prev.term`, "more than that of the message");
  const surroundings = { prev, term: head.term, chainOf: around.chainOf };
  return {
    type: "append",
    ...head,
    prev,
    commit: safeInteger(`${field}.commit`, append.commit),
    entries: decodeEntries(`${field}.entries`, append.entries, surroundings),
    rangeEnd: undefined,
  };
}

function decodeAppendResponse(field: string, head: Head, response: AppendResponse): AppendResponseMessage {
  const numbers = safeIntegers(field, response, ["matchIndex", "lastIndex", "bootId"]);
  const names = ["index", "hintIndex", "hintTerm"] as const;
  const rejection = response.rejection && safeIntegers(`${field}.rejection`, response.rejection, names);
  if (rejection && rejection.hintIndex > rejection.index) {
    throw new InvalidFrameError(`${field}.rejection.hintIndex`, "more than what is rejected");
  }
  if (rejection && numbers.matchIndex !== 0) {
    throw new InvalidFrameError(`${field}.matchIndex`, "a rejection agrees on nothing");
  }
  return { type: "append-response", ...head, ...numbers, rejection };
}

function safeIntegers<K extends string>(
  field: string,
  values: Readonly<Record<K, bigint>>,
  names: readonly K[],
): Record<K, number> {
  const pairs = names.map((name) => [name, safeInteger(`${field}.${name}`, values[name])]);
  return Object.fromEntries(pairs) as Record<K, number>;
}
