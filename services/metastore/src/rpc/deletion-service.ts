import { create } from "@bufbuild/protobuf";
import { deletionToWire } from "@hearth/deletions";
import { InvalidArgumentError } from "@hearth/errors";
import {
  DataDeletionService,
  DeletionReachSchema,
  DeletionState,
  DeletionStatusSchema,
  ListDeletionsResponseSchema,
  RequestDeletionResponseSchema,
  type DeletionStatus as WireStatus,
  type RequestDeletionRequest,
  type RequestDeletionResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import type { DeletionRequest } from "../deletions/deletion.ts";
import type { DeletionReach } from "../deletions/deletion-reach.ts";
import type { DeletionRegistry } from "../deletions/deletion-registry.ts";
import {
  deletionsOf,
  statusOf,
  type DeletionStage,
  type DeletionStatus,
} from "../deletions/deletion-status.ts";
import { readRequest, type WireRequest } from "../deletions/request-codec.ts";
import type { StateReader } from "./state-reader.ts";

export interface DeletionServiceDeps {
  readonly registry: DeletionRegistry;
  readonly reader: StateReader;
  /** A tenant may have so many in force. */
  readonly maxInForce: number;
}

const STATES: Readonly<Record<DeletionStage, DeletionState>> = {
  rewriting: DeletionState.REWRITING,
  removing: DeletionState.REMOVING,
  gone: DeletionState.GONE,
  ended: DeletionState.ENDED,
};

/** `DataDeletionService`: deletions on request. */
export function deletionService(deps: DeletionServiceDeps): ServiceRegistration {
  return implement(DataDeletionService, {
    requestDeletion: (request, context) => requestDeletion(deps, request, context.signal),
    listDeletions: (request, context) =>
      deps.reader.read(context.signal, (state) => {
        const all = deletionsOf(state, request.tenant);
        const wanted = all.filter(
          ({ deletion }) => request.number === 0n || BigInt(deletion.number) === request.number,
        );
        return create(ListDeletionsResponseSchema, { deletions: wanted.map(statusToWire) });
      }),
  });
}

async function requestDeletion(
  { registry, reader, maxInForce }: DeletionServiceDeps,
  wire: RequestDeletionRequest,
  signal: AbortSignal,
): Promise<RequestDeletionResponse> {
  const request = requestOf(wire, maxInForce);
  const reach = reachToWire(await registry.reach(request, signal));
  if (wire.dryRun) return create(RequestDeletionResponseSchema, { reach });
  const deletion = await registry.request(request, signal);
  const status = await reader.read(signal, (state) => statusOf(state, deletion));
  return create(RequestDeletionResponseSchema, { reach, deletion: statusToWire(status) });
}

/** @throws {InvalidArgumentError} when a matcher is of an unknown type. */
export function requestOf(wire: WireRequest, maxInForce: number): DeletionRequest {
  const request = readRequest(wire, maxInForce);
  if (typeof request === "string") throw new InvalidArgumentError(request);
  return request;
}

function reachToWire({ wholeBlocks, partialBlocks, profiles, sizeBytes }: DeletionReach) {
  return create(DeletionReachSchema, {
    wholeBlocks: BigInt(wholeBlocks),
    partialBlocks: BigInt(partialBlocks),
    profiles: BigInt(profiles),
    sizeBytes: BigInt(sizeBytes),
  });
}

function statusToWire({ deletion, stage, ...counts }: DeletionStatus): WireStatus {
  return create(DeletionStatusSchema, {
    deletion: deletionToWire(deletion),
    requestedBy: deletion.requestedBy,
    reason: deletion.reason,
    requestedMs: BigInt(deletion.requestedMs),
    state: STATES[stage],
    touchedBlocks: BigInt(counts.touchedBlocks),
    quarantinedBlocks: BigInt(counts.quarantinedBlocks),
    pendingObjects: BigInt(counts.pendingObjects),
    clearedMs: BigInt(deletion.clearedMs ?? 0),
    goneMs: BigInt(deletion.goneMs ?? 0),
    endedMs: BigInt(deletion.endedMs ?? 0),
  });
}
