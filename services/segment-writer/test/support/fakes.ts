import { create, toBinary } from "@bufbuild/protobuf";
import type { BuiltSegment, SegmentInput } from "@hearth/block";
import { BlockMetaSchema } from "@hearth/proto/hearth/block/v1";
import {
  AddBlocksResponseSchema,
  type AddBlocksRequest,
  type AddBlocksResponse,
} from "@hearth/proto/hearth/metastore/v1";
import type { Clock } from "@hearth/runtime";

import type { BlockIndex } from "../../src/registration/block-registrar.ts";
import type { SegmentBuilder } from "../../src/segment/segment-builder.ts";

/** Columns that the fake builder cannot read. */
export const BAD_COLUMNS = "bad";

/** A batch whose columns are a text. */
export function batch(service: string, text: string): { service: string; columns: Uint8Array } {
  return { service, columns: Buffer.from(text) };
}

/** What the fake builder writes into a segment. */
export interface SegmentText {
  readonly id: string;
  readonly shard: number;
  /** `tenant/service/text` of each batch. */
  readonly batches: readonly string[];
}

export function readSegment(bytes: Uint8Array): SegmentText {
  return JSON.parse(Buffer.from(bytes).toString()) as SegmentText;
}

/** Builds segments that are texts. A dataset with a bad batch fails, as with the real builder. */
export class TextSegmentBuilder implements SegmentBuilder {
  readonly inputs: SegmentInput[] = [];
  readonly #clock: Clock;
  /** How long the next build takes, or how it fails. */
  readonly #plan: () => number | Error;

  constructor(clock: Clock, plan: () => number | Error = () => 0) {
    this.#clock = clock;
    this.#plan = plan;
  }

  async build(input: SegmentInput, signal: AbortSignal): Promise<BuiltSegment> {
    this.inputs.push(input);
    const plan = this.#plan();
    if (typeof plan !== "number") throw plan;
    if (plan > 0) await this.#clock.sleep(plan, signal);
    return buildText(input);
  }
}

function buildText({ id, shard, datasets }: SegmentInput): BuiltSegment {
  const texts = datasets.map(({ batches }) => batches.map((bytes) => Buffer.from(bytes).toString()));
  const isBad = texts.map((batches) => batches.includes(BAD_COLUMNS));
  const failures = isBad.flatMap((bad, dataset) =>
    bad ? [{ dataset, message: "columns are cut short" }] : [],
  );
  const batches = datasets.flatMap(({ tenant, service }, dataset) =>
    isBad[dataset] ? [] : texts[dataset]!.map((text) => `${tenant}/${service}/${text}`),
  );
  if (failures.length === datasets.length)
    return { bytes: new Uint8Array(), meta: new Uint8Array(), failures };
  return {
    bytes: new Uint8Array(Buffer.from(JSON.stringify({ id, shard, batches } satisfies SegmentText))),
    meta: toBinary(BlockMetaSchema, create(BlockMetaSchema, { id, shard })),
    failures,
  };
}

/** What happens to one call of the metastore. */
export interface IndexFault {
  readonly delayMs?: number;
  readonly error?: Error;
  readonly replyIsLost?: Error;
  /** The first block of the call is refused with this reason. */
  readonly refusal?: string;
}

/** A metastore that remembers which blocks it was told of. */
export class FakeIndex implements BlockIndex {
  readonly calls: AddBlocksRequest[] = [];
  readonly registered = new Set<string>();
  readonly #clock: Clock;
  readonly #plan: (call: number) => IndexFault;

  constructor(clock: Clock, plan: (call: number) => IndexFault = () => ({})) {
    this.#clock = clock;
    this.#plan = plan;
  }

  async addBlocks(request: AddBlocksRequest, signal: AbortSignal): Promise<AddBlocksResponse> {
    const fault = this.#plan(this.calls.push(request) - 1);
    if (fault.delayMs !== undefined) await this.#clock.sleep(fault.delayMs, signal);
    if (fault.error) throw fault.error;
    const refused = fault.refusal === undefined ? undefined : request.blocks[0]?.id;
    for (const { id } of request.blocks) if (id !== refused) this.registered.add(id);
    if (fault.replyIsLost) throw fault.replyIsLost;
    const refusals = refused === undefined ? [] : [{ block: refused, reason: fault.refusal ?? "" }];
    return create(AddBlocksResponseSchema, { refusals });
  }
}
