import { crc32 } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { blockMetaFromWire, type BlockMeta } from "@hearth/block";
import { invariant } from "@hearth/errors";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { AddBlocksCommandSchema, CommandSchema } from "@hearth/proto/hearth/metastore/v1";
import { blockRefusal } from "./check-block.ts";

/**
 * The version of the state machine that this code is. To be raised with whatever a node of the version before would do otherwise:
 * what commands there are, what they do, what is part of the state's digest.
 */
export const STATE_VERSION = 1;
/** The oldest version of commands that this code can write; the newest is {@link STATE_VERSION}. */
export const OLDEST_COMMAND_VERSION = 1;
export const REQUEST_ID_BYTES = 16;
/** A larger command is refused before it is proposed, and again when it is applied. */
export const MAX_COMMAND_BYTES = 8 * 1024 * 1024;

/** Fields of a command with a lower number are the envelope, those from here on the body. */
const FIRST_BODY_FIELD = CommandSchema.field.addBlocks.number;

export interface CommandEnvelope {
  /** From {@link OLDEST_COMMAND_VERSION} to {@link STATE_VERSION}: one that all nodes can apply. */
  readonly version: number;
  /** The leader's clock, Unix nanoseconds. */
  readonly stampNanos: bigint;
  /** {@link REQUEST_ID_BYTES}, or none when the command is never sent again. */
  readonly requestId: Uint8Array;
}

export type DecodedCommand =
  | {
      readonly type: "add-blocks";
      readonly stampNanos: bigint;
      /** Latin-1; empty when the command has none. */
      readonly requestId: string;
      readonly bodyCrc: number;
      readonly blocks: readonly CheckedBlock[];
    }
  | { readonly type: "invalid"; readonly reason: string }
  | { readonly type: "unsupported"; readonly version: number };

/** A block that may be registered, or why it may not. */
export type CheckedBlock =
  | { readonly type: "valid"; readonly block: BlockMeta }
  | { readonly type: "refused"; readonly id: string; readonly reason: string };

/** The command that registers blocks, as the log keeps it. @throws when there is no such version. */
export function encodeAddBlocks(blocks: readonly WireBlockMeta[], envelope: CommandEnvelope): Uint8Array {
  const { version } = envelope;
  const isKnown = version >= OLDEST_COMMAND_VERSION && version <= STATE_VERSION;
  invariant(isKnown, `commands cannot be written in this version: version=${version}`);
  const command = create(CommandSchema, {
    version,
    stampNanos: envelope.stampNanos,
    requestId: envelope.requestId,
  });
  command.body = { case: "addBlocks", value: create(AddBlocksCommandSchema, { blocks: [...blocks] }) };
  return toBinary(CommandSchema, command);
}

/** Reads a command from the log. Total: whatever the bytes are, it answers. */
export function decodeCommand(bytes: Uint8Array): DecodedCommand {
  if (bytes.length > MAX_COMMAND_BYTES) return { type: "invalid", reason: "the command is too large" };
  let command;
  let bodyCrc;
  try {
    command = fromBinary(CommandSchema, bytes, { readUnknownFields: false });
    bodyCrc = crcOfBody(bytes);
  } catch {
    return { type: "invalid", reason: "the command is not readable" };
  }
  if (command.version > STATE_VERSION) return { type: "unsupported", version: command.version };
  if (command.version < 1) return { type: "invalid", reason: "the command has no version" };
  const idLength = command.requestId.length;
  if (idLength !== 0 && idLength !== REQUEST_ID_BYTES) {
    return { type: "invalid", reason: "the request id is not 16 bytes long" };
  }
  if (command.body.case === undefined) return { type: "invalid", reason: "the command has no body" };
  return {
    type: "add-blocks",
    stampNanos: command.stampNanos,
    requestId: String.fromCharCode(...command.requestId),
    bodyCrc,
    blocks: command.body.value.blocks.map(checkWireBlock),
  };
}

/** CRC-32 of everything but the envelope. @throws when the bytes are no message. */
function crcOfBody(bytes: Uint8Array): number {
  const reader = new BinaryReader(bytes);
  let crc = 0;
  while (reader.pos < reader.len) {
    const [fieldNumber, wireType] = reader.tag();
    const start = reader.pos;
    reader.skip(wireType, fieldNumber);
    if (fieldNumber >= FIRST_BODY_FIELD) crc = crc32(bytes.subarray(start, reader.pos), crc);
  }
  return crc;
}

/** Decides whether a block may be registered. Total. */
export function checkWireBlock(wire: WireBlockMeta): CheckedBlock {
  let block;
  try {
    block = blockMetaFromWire(wire);
  } catch {
    return { type: "refused", id: shortId(wire.id), reason: "the metadata is damaged" };
  }
  const reason = blockRefusal(block);
  return reason ? { type: "refused", id: shortId(wire.id), reason } : { type: "valid", block };
}

/** An id that is none may be of any length: of such a one, enough to find it again. */
function shortId(id: string): string {
  return id.slice(0, 64).toWellFormed();
}
