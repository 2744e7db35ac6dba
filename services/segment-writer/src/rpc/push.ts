import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import {
  PushResponseSchema,
  type PushRequest,
  type PushResponse,
} from "@hearth/proto/hearth/segmentwriter/v1";

import type { SegmentWriter } from "../segment-writer.ts";
import type { Push } from "../segment/open-segment.ts";

/** Tenants become part of object metadata and answers: what the outer edge checks is checked here again. */
const TENANT_PATTERN = /^[A-Za-z0-9!_.*'()-]{1,150}$/;

/** `SegmentWriterService/Push`: answered when the segment of the push is stored, or known not to be. */
export async function push(
  writer: SegmentWriter,
  request: PushRequest,
  signal: AbortSignal,
): Promise<PushResponse> {
  const failures = await writer.push(pushFromWire(request), signal);
  return create(PushResponseSchema, { failures: [...failures] });
}

/** @throws {InvalidArgumentError} naming the field that does not hold. */
function pushFromWire({ tenant, shard, batches }: PushRequest): Push {
  if (!TENANT_PATTERN.test(tenant) || tenant === "." || tenant === "..") {
    throw new InvalidArgumentError("invalid tenant in push");
  }
  if (shard < 1) throw new InvalidArgumentError(`invalid shard in push: shard=${shard}`);
  if (batches.length === 0) throw new InvalidArgumentError("push without batches");
  return {
    tenant,
    shard,
    batches: batches.map(({ serviceName, columns }) => ({ service: serviceName, columns })),
  };
}
