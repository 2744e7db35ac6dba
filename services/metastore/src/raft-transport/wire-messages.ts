import { create, fromBinary, toBinary, type MessageInitShape } from "@bufbuild/protobuf";
import { assertNever, InvalidArgumentError } from "@hearth/errors";
import { AppendSchema, FrameSchema, RaftMessageSchema, type Frame } from "@hearth/proto/hearth/raft/v1";
import { bytesTag, WireReader } from "@hearth/protobuf-wire";
import { binaryOptions } from "@hearth/rpc";
import { ByteWriter } from "../bytes.ts";
import { FRAME_HEAD_BYTES, MAX_FRAME_BYTES, MAX_FRAME_MESSAGES, MAX_REQUEST_BYTES } from "./frame-limits.ts";
import type {
  AppendMessage,
  AppendResponseMessage,
  FrameMessage,
  FrameSurroundings,
} from "./frame-message.ts";
import { InvalidFrameError } from "./invalid-frame-error.ts";
import { decodeBody } from "./wire-bodies.ts";
import { encodeEntries } from "./wire-entries.ts";

/** Messages of the core as bytes, and back. Nothing reaches the core that was not checked here. */

type Body = MessageInitShape<typeof RaftMessageSchema>["body"];

const MESSAGES_TAG = bytesTag(FrameSchema.field.messages.number);
const APPEND_TAG = bytesTag(RaftMessageSchema.field.append.number);
const ENTRIES_TAG = bytesTag(AppendSchema.field.entries.number);

/**
 * @param messages - all of one sender to one receiver, which are in the envelope; no ranges that are yet to be loaded.
 * @throws when a number is out of range: the sender is wrong.
 */
export function encodeFrame(messages: readonly FrameMessage[]): Uint8Array {
  return Buffer.concat(messages.flatMap((message) => encodeMessage(message)));
}

/**
 * Reads a frame and checks all of it: all of its messages, or none. Payloads of entries are views into `bytes`.
 *
 * @throws {InvalidFrameError} naming the field that is not as it must be, and nothing else whatever the bytes are.
 */
export function decodeFrame(bytes: Uint8Array, around: FrameSurroundings): FrameMessage[] {
  if (bytes.length > MAX_REQUEST_BYTES) throw new InvalidFrameError("frame", "too large");
  const { messages } = readFrame(bytes);
  const decoded = messages.map((message, at) => decodeBody(`messages[${at}]`, message, around));
  if (bytes.length > MAX_FRAME_BYTES + FRAME_HEAD_BYTES && !isOneEntry(decoded)) {
    throw new InvalidFrameError("frame", "too large");
  }
  return decoded;
}

function readFrame(bytes: Uint8Array): Frame {
  try {
    const count = countMessages(bytes);
    if (count < 1 || count > MAX_FRAME_MESSAGES) {
      throw new InvalidFrameError("messages", `${count} are too few or too many`);
    }
    return fromBinary(FrameSchema, bytes, binaryOptions);
  } catch (error) {
    if (error instanceof InvalidFrameError) throw error;
    throw new InvalidFrameError("frame", "not readable", { cause: error });
  }
}

/** Before they become objects, which take many times the two bytes of an empty message. */
function countMessages(bytes: Uint8Array): number {
  const reader = new WireReader(bytes, { subject: "frame" });
  let count = 0;
  while (reader.position < bytes.length) {
    const tag = reader.uint32();
    if (tag === MESSAGES_TAG) count++;
    reader.skip(tag, bytes.length);
  }
  reader.closeAt(bytes.length);
  return count;
}

function isOneEntry(messages: readonly FrameMessage[]): boolean {
  const [first] = messages;
  return messages.length === 1 && first?.type === "append" && first.entries.length === 1;
}

/** As a frame of its own: frames one after the other are one frame. In parts, so that entries are copied once. */
function encodeMessage(message: FrameMessage): Uint8Array[] {
  const term = BigInt(message.term);
  if (message.type === "append") {
    const head = toBinary(RaftMessageSchema, create(RaftMessageSchema, { term }));
    return nested(MESSAGES_TAG, [head, ...nested(APPEND_TAG, encodeAppend(message))]);
  }
  const body = encodeBody(message);
  const whole = create(RaftMessageSchema, { term, ...(body && { body }) });
  return [toBinary(FrameSchema, create(FrameSchema, { messages: [whole] }))];
}

function encodeAppend({ prev, commit, entries, rangeEnd }: AppendMessage): Uint8Array[] {
  if (rangeEnd !== undefined) throw new InvalidArgumentError("entries that an Append names are not loaded");
  const { index, term, chain } = prev;
  const place = { index: BigInt(index), term: BigInt(term), chain };
  const head = toBinary(AppendSchema, create(AppendSchema, { prev: place, commit: BigInt(commit) }));
  return entries.length === 0 ? [head] : [head, ...nested(ENTRIES_TAG, [encodeEntries(prev, entries)])];
}

/** A field whose content is `parts`, one after the other. */
function nested(tag: number, parts: readonly Uint8Array[]): Uint8Array[] {
  const head = new ByteWriter(8);
  head.integer(tag);
  head.integer(parts.reduce((sum, part) => sum + part.length, 0));
  return [head.written(), ...parts];
}

function encodeBody(message: Exclude<FrameMessage, AppendMessage>): Body {
  switch (message.type) {
    case "pre-vote":
      return { case: "preVote", value: lastOf(message) };
    case "pre-vote-response":
      return { case: "preVoteResponse", value: { isGranted: message.isGranted } };
    case "vote":
      return { case: "vote", value: { ...lastOf(message), isTransfer: message.isTransfer } };
    case "vote-response":
      return { case: "voteResponse", value: { isGranted: message.isGranted } };
    case "append-response":
      return encodeAppendResponse(message);
    case "heartbeat":
      return {
        case: "heartbeat",
        value: { commit: BigInt(message.commit), readId: BigInt(message.readId) },
      };
    case "heartbeat-response": {
      const { readId, lastIndex, bootId } = message;
      const value = { readId: BigInt(readId), lastIndex: BigInt(lastIndex), bootId: BigInt(bootId) };
      return { case: "heartbeatResponse", value };
    }
    case "stale-term":
      return { case: "staleTerm", value: {} };
    case "read-index": {
      const { readId, bootId } = message;
      return { case: "readIndex", value: { readId: BigInt(readId), bootId: BigInt(bootId) } };
    }
    case "read-index-response": {
      const { readId, bootId, index } = message;
      const value = { readId: BigInt(readId), bootId: BigInt(bootId), index: BigInt(index) };
      return { case: "readIndexResponse", value };
    }
    case "timeout-now":
      return { case: "timeoutNow", value: {} };
    default:
      return assertNever(message);
  }
}

function lastOf(message: { lastIndex: number; lastTerm: number }): { lastIndex: bigint; lastTerm: bigint } {
  return { lastIndex: BigInt(message.lastIndex), lastTerm: BigInt(message.lastTerm) };
}

function encodeAppendResponse(message: AppendResponseMessage): Body {
  const { rejection, matchIndex, lastIndex, bootId } = message;
  return {
    case: "appendResponse",
    value: {
      matchIndex: BigInt(matchIndex),
      lastIndex: BigInt(lastIndex),
      bootId: BigInt(bootId),
      ...(rejection === undefined
        ? {}
        : {
            rejection: {
              index: BigInt(rejection.index),
              hintIndex: BigInt(rejection.hintIndex),
              hintTerm: BigInt(rejection.hintTerm),
            },
          }),
    },
  };
}
