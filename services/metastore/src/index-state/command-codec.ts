import { crc32 } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { blockMetaFromWire, type BlockMeta } from "@hearth/block";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { AddBlocksCommandSchema, CommandSchema } from "@hearth/proto/hearth/metastore/v1";
import { blockRefusal } from "./check-block.ts";

/** The version of the state machine that this code is. */
export const STATE_VERSION = 1;
export const REQUEST_ID_BYTES = 16;
/** A larger command is refused before it is proposed, and again when it is applied. */
export const MAX_COMMAND_BYTES = 8 * 1024 * 1024;

export interface CommandEnvelope {
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

export function encodeAddBlocks(blocks: readonly WireBlockMeta[], envelope: CommandEnvelope): Uint8Array {
  const command = create(CommandSchema, {
    version: STATE_VERSION,
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
  try {
    command = fromBinary(CommandSchema, bytes, { readUnknownFields: false });
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
    bodyCrc: crc32(toBinary(AddBlocksCommandSchema, command.body.value)),
    blocks: command.body.value.blocks.map(checkWireBlock),
  };
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
