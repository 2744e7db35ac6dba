import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HandlerContext } from "@connectrpc/connect";
import { conditionFromWire } from "@hearth/deletions";
import { InvalidArgumentError, NotFoundError } from "@hearth/errors";
import { goQuote } from "@hearth/labels";
import {
  type DeleteProfilesRequest,
  type DeleteProfilesResponseSchema,
  type DeletionSchema,
  ProfileDeletionService,
} from "@hearth/proto/hearth/deletion/v1";
import {
  type DeletionStatus,
  DeletionState,
  type LabelMatcher,
  type RequestDeletionResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration, tenantsKey } from "@hearth/rpc";

import { queryError } from "../execute/query-errors.ts";
import { labelMatchers } from "../request/selectors.ts";
import type { DeletionClient } from "./deletion-client.ts";

type Wire<T extends typeof DeletionSchema | typeof DeleteProfilesResponseSchema> = MessageInitShape<T>;

const STATE_NAMES: Readonly<Record<DeletionState, string>> = {
  [DeletionState.UNSPECIFIED]: "",
  [DeletionState.REWRITING]: "rewriting",
  [DeletionState.REMOVING]: "removing",
  [DeletionState.GONE]: "gone",
  [DeletionState.ENDED]: "ended",
};

/** Deleting profiles on request: to be mounted on a server that puts the tenants of each call into its context. */
export function profileDeletionService(metastore: DeletionClient): ServiceRegistration {
  return implement(ProfileDeletionService, {
    deleteProfiles: (request, context) => deleteProfiles(metastore, request, context),
    deleteTenant: (request, context) =>
      deleteProfiles(metastore, { ...request, selector: "{}", start: 0n, end: 0n, dryRun: false }, context),
    async listDeletions(_, context) {
      return { deletions: (await list(metastore, 0n, context)).map(deletionOf) };
    },
    async getDeletion({ number }, context) {
      if (number === 0n) throw new InvalidArgumentError("number is required");
      const [found] = await list(metastore, number, context);
      if (!found) throw new NotFoundError(`no such deletion: number=${number}`);
      return { deletion: deletionOf(found) };
    },
  });
}

async function deleteProfiles(
  metastore: DeletionClient,
  request: Omit<DeleteProfilesRequest, "$typeName" | "$unknown">,
  context: HandlerContext,
): Promise<Wire<typeof DeleteProfilesResponseSchema>> {
  const { selector, start, end, reason, requestedBy, requestId, dryRun } = request;
  if (selector === "") throw new InvalidArgumentError("selector is required; {} selects everything");
  if (reason === "" && !dryRun)
    throw new InvalidArgumentError("reason is required: it is kept for the audit");
  const tenant = tenantOf(context);
  const matchers = labelMatchers([selector], "failed to parse selector");
  const times = { startTimeMs: start, endTimeMs: end };
  const audit = { reason, requestedBy, requestId };
  let answer: RequestDeletionResponse;
  try {
    answer = await metastore.requestDeletion(
      { tenant, matchers, ...times, ...audit, dryRun },
      context.signal,
    );
  } catch (error) {
    throw queryError(error, context.signal);
  }
  const { reach, deletion } = answer;
  return {
    ...(deletion && { deletion: deletionOf(deletion) }),
    ...(reach && {
      reach: {
        wholeBlocks: reach.wholeBlocks,
        partialBlocks: reach.partialBlocks,
        profiles: reach.profiles,
        sizeBytes: reach.sizeBytes,
      },
    }),
  };
}

async function list(
  metastore: DeletionClient,
  number: bigint,
  context: HandlerContext,
): Promise<DeletionStatus[]> {
  const tenant = tenantOf(context);
  try {
    return (await metastore.listDeletions({ tenant, number }, context.signal)).deletions;
  } catch (error) {
    throw queryError(error, context.signal);
  }
}

function tenantOf({ values }: HandlerContext): string {
  const [tenant, ...others] = values.get(tenantsKey);
  if (tenant === undefined || others.length > 0) {
    throw new InvalidArgumentError(
      `expected 1 tenant, got ${others.length + (tenant === undefined ? 0 : 1)}`,
    );
  }
  return tenant;
}

function deletionOf(status: DeletionStatus): Wire<typeof DeletionSchema> {
  const { deletion, reason, requestedBy, state, touchedBlocks, quarantinedBlocks, pendingObjects } = status;
  return {
    number: deletion?.number ?? 0n,
    selector: selectorOf(deletion?.matchers ?? []),
    start: deletion?.startTimeMs ?? 0n,
    end: deletion?.endTimeMs ?? 0n,
    reason,
    requestedBy,
    requested: status.requestedMs,
    state: STATE_NAMES[state] ?? "",
    touchedBlocks,
    quarantinedBlocks,
    pendingObjects,
    cleared: status.clearedMs,
    gone: status.goneMs,
    ended: status.endedMs,
  };
}

function selectorOf(matchers: readonly LabelMatcher[]): string {
  const conditions = matchers.map(conditionFromWire);
  return `{${conditions.map(({ name, operator, value }) => `${name}${operator}${goQuote(value)}`).join(", ")}}`;
}
