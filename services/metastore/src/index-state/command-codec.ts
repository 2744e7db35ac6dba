import { crc32 } from "node:zlib";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { assertNever, invariant } from "@hearth/errors";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import {
  AddBlocksCommandSchema,
  CommandSchema,
  ExpireBlocksCommandSchema,
  NoteOrphansCommandSchema,
  PollJobsCommandSchema,
  ReleaseBlocksCommandSchema,
  RequestDeletionCommandSchema,
  type Command,
  type PollJobsRequest,
} from "@hearth/proto/hearth/metastore/v1";
import type { CompactionSettings } from "../compaction/compaction-settings.ts";
import type { Expiry } from "../compaction/expiry.ts";
import type { Poll } from "../compaction/poll.ts";
import { pollFromWire, settingsToWire } from "../compaction/poll-codec.ts";
import { orphanNotesFromWire, type OrphanNotes } from "../orphans/orphan-notes.ts";
import type { DeletionRequest } from "../deletions/deletion.ts";
import { requestFromWire, requestToWire } from "../deletions/request-codec.ts";
import { tierPlanFromWire, tierPlanToWire, type TierPlan } from "../tiers/tier-plan.ts";
import { checkWireBlock, type CheckedBlock } from "./check-wire-block.ts";

/**
 * The version of the state machine that this code is. To be raised with whatever a node of the version before would do otherwise:
 * what commands there are, what they do, what is part of the state's digest.
 */
export const STATE_VERSION = 4;
/** The oldest version of commands that this code can write; the newest is {@link STATE_VERSION}. */
export const OLDEST_COMMAND_VERSION = 1;
/** From here on there are polls, and blocks expire. */
export const COMPACTION_VERSION = 2;
/** From here on orphans are noted. */
export const ORPHANS_VERSION = 3;
/** From here on blocks that were put aside can be released. */
export const RELEASE_VERSION = 3;
/** From here on blocks keep their optional sections: nodes of the versions before do not know the field. */
export const OPTIONAL_SECTIONS_VERSION = 3;
/** From here on rows are deleted on request. */
export const DELETION_VERSION = 3;
/** From here on old data is summed, and lone blocks are merged: nodes of the versions before do not know the fields. */
export const TIERS_VERSION = 4;
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
  | {
      readonly type: "poll-jobs";
      readonly stampNanos: bigint;
      readonly requestId: string;
      readonly bodyCrc: number;
      readonly poll: Poll;
    }
  | {
      readonly type: "expire-blocks";
      readonly stampNanos: bigint;
      readonly requestId: string;
      readonly bodyCrc: number;
      readonly expiry: Expiry;
    }
  | {
      readonly type: "release-blocks";
      readonly stampNanos: bigint;
      readonly requestId: string;
      readonly bodyCrc: number;
      /** All that are put aside when empty. */
      readonly ids: readonly string[];
    }
  | {
      readonly type: "note-orphans";
      readonly stampNanos: bigint;
      readonly requestId: string;
      readonly bodyCrc: number;
      readonly notes: OrphanNotes;
    }
  | {
      readonly type: "request-deletion";
      readonly stampNanos: bigint;
      readonly requestId: string;
      readonly bodyCrc: number;
      readonly request: DeletionRequest;
    }
  | {
      readonly type: "plan-tiers";
      readonly stampNanos: bigint;
      readonly requestId: string;
      readonly bodyCrc: number;
      readonly plan: TierPlan;
    }
  | { readonly type: "invalid"; readonly reason: string }
  | { readonly type: "unsupported"; readonly version: number };

/** The command that registers blocks, as the log keeps it. @throws when there is no such version. */
export function encodeAddBlocks(blocks: readonly WireBlockMeta[], envelope: CommandEnvelope): Uint8Array {
  const value = create(AddBlocksCommandSchema, { blocks: [...blocks] });
  return encodeCommand({ case: "addBlocks", value }, envelope);
}

/** The command of a worker's poll. @throws when there is no such version, or polls are none of its commands. */
export function encodePollJobs(
  request: PollJobsRequest,
  settings: CompactionSettings,
  envelope: CommandEnvelope,
): Uint8Array {
  invariant(envelope.version >= COMPACTION_VERSION, `no polls in this version: version=${envelope.version}`);
  const value = create(PollJobsCommandSchema, {
    request,
    settings: settingsToWire(settingsInVersion(settings, envelope.version)),
  });
  return encodeCommand({ case: "pollJobs", value }, envelope);
}

/** What of the settings polls of a version know. */
export function settingsInVersion(settings: CompactionSettings, version: number): CompactionSettings {
  return version < TIERS_VERSION ? { ...settings, loneAgeMs: 0 } : settings;
}

/** The command that lets old blocks go. @throws when there is no such version, or it is none of its commands. */
export function encodeExpireBlocks({ cutoffs, maxBlocks }: Expiry, envelope: CommandEnvelope): Uint8Array {
  invariant(
    envelope.version >= COMPACTION_VERSION,
    `nothing expires in this version: version=${envelope.version}`,
  );
  const value = create(ExpireBlocksCommandSchema, {
    cutoffs: [...cutoffs].map(([tenant, beforeMs]) => ({ tenant, beforeMs: BigInt(beforeMs) })),
    maxBlocks,
  });
  return encodeCommand({ case: "expireBlocks", value }, envelope);
}

/** The command that releases blocks, all when there is no id. @throws when it is none of the version's commands. */
export function encodeReleaseBlocks(ids: readonly string[], envelope: CommandEnvelope): Uint8Array {
  invariant(
    envelope.version >= RELEASE_VERSION,
    `no block is released in this version: version=${envelope.version}`,
  );
  const value = create(ReleaseBlocksCommandSchema, { blocks: [...ids] });
  return encodeCommand({ case: "releaseBlocks", value }, envelope);
}

/** The command that notes orphans. @throws when there is no such version, or it is none of its commands. */
export function encodeNoteOrphans(notes: OrphanNotes, envelope: CommandEnvelope): Uint8Array {
  invariant(
    envelope.version >= ORPHANS_VERSION,
    `orphans are not noted in this version: version=${envelope.version}`,
  );
  const { objects, sweepBeganMs, isLast, graceMs, includesOld } = notes;
  const value = create(NoteOrphansCommandSchema, {
    objects: objects.map(({ id, tenant, shard, sizeBytes }) => ({
      block: id,
      tenant,
      shard,
      sizeBytes: BigInt(sizeBytes),
    })),
    sweepBeganMs: BigInt(sweepBeganMs),
    isLast,
    graceMs: BigInt(graceMs),
    includesOld,
  });
  return encodeCommand({ case: "noteOrphans", value }, envelope);
}

/** The command that has rows deleted. @throws when there is no such version, or it is none of its commands. */
export function encodeRequestDeletion(request: DeletionRequest, envelope: CommandEnvelope): Uint8Array {
  invariant(
    envelope.version >= DELETION_VERSION,
    `nothing is deleted on request in this version: version=${envelope.version}`,
  );
  const value = create(RequestDeletionCommandSchema, requestToWire(request));
  return encodeCommand({ case: "requestDeletion", value }, envelope);
}

/** The command that has old data summed. @throws when there is no such version, or it is none of its commands. */
export function encodePlanTiers(plan: TierPlan, envelope: CommandEnvelope): Uint8Array {
  invariant(
    envelope.version >= TIERS_VERSION,
    `nothing is summed in this version: version=${envelope.version}`,
  );
  return encodeCommand({ case: "planTiers", value: tierPlanToWire(plan) }, envelope);
}

function encodeCommand(
  body: Command["body"],
  { version, stampNanos, requestId }: CommandEnvelope,
): Uint8Array {
  const isKnown = version >= OLDEST_COMMAND_VERSION && version <= STATE_VERSION;
  invariant(isKnown, `commands cannot be written in this version: version=${version}`);
  return toBinary(CommandSchema, create(CommandSchema, { version, stampNanos, requestId, body }));
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
  if (command.version < OPTIONAL_SECTIONS_VERSION) dropOptionalSections(command);
  if (command.version < TIERS_VERSION) dropSums(command);
  const requestId = String.fromCharCode(...command.requestId);
  const envelope = { stampNanos: command.stampNanos, requestId, bodyCrc };
  switch (command.body.case) {
    case "addBlocks":
      return { type: "add-blocks", ...envelope, blocks: command.body.value.blocks.map(checkWireBlock) };
    case "pollJobs": {
      const poll = pollFromWire(command.body.value);
      return typeof poll === "string"
        ? { type: "invalid", reason: poll }
        : { type: "poll-jobs", ...envelope, poll };
    }
    case "expireBlocks": {
      const { cutoffs, maxBlocks } = command.body.value;
      const expiry = {
        cutoffs: new Map(cutoffs.map(({ tenant, beforeMs }) => [tenant, Number(beforeMs)])),
        maxBlocks,
      };
      return { type: "expire-blocks", ...envelope, expiry };
    }
    case "noteOrphans": {
      const notes = orphanNotesFromWire(command.body.value);
      return typeof notes === "string"
        ? { type: "invalid", reason: notes }
        : { type: "note-orphans", ...envelope, notes };
    }
    case "releaseBlocks":
      return { type: "release-blocks", ...envelope, ids: command.body.value.blocks };
    case "requestDeletion": {
      const request = requestFromWire(command.body.value);
      return typeof request === "string"
        ? { type: "invalid", reason: request }
        : { type: "request-deletion", ...envelope, request };
    }
    case "planTiers": {
      const plan = tierPlanFromWire(command.body.value);
      return typeof plan === "string"
        ? { type: "invalid", reason: plan }
        : { type: "plan-tiers", ...envelope, plan };
    }
    case undefined:
      return { type: "invalid", reason: "the command has no body" };
    default:
      return assertNever(command.body);
  }
}

/** As a node of an older version reads it, so that all make the same state of it. */
function dropOptionalSections({ body }: Command): void {
  for (const { datasets } of blocksOf(body)) for (const dataset of datasets) dataset.optionalSections = [];
}

/** The same: a worker may sum before the group does. */
function dropSums({ body }: Command): void {
  if (body.case !== "pollJobs") return;
  const { request, settings } = body.value;
  if (settings) settings.loneAgeMs = 0n;
  if (!request) return;
  request.sumsRows = false;
  for (const { outcome } of request.reports) {
    if (outcome.case === "compacted") outcome.value.summedRows = 0n;
  }
}

function blocksOf(body: Command["body"]): readonly WireBlockMeta[] {
  if (body.case === "addBlocks") return body.value.blocks;
  const reports = body.case === "pollJobs" ? (body.value.request?.reports ?? []) : [];
  return reports.flatMap(({ outcome }) => (outcome.case === "compacted" ? outcome.value.outputs : []));
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
