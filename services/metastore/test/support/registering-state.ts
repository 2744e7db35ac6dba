import { create } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import {
  AddBlocksResponseSchema,
  type AddBlocksRequest,
  type AddBlocksResponse,
} from "@hearth/proto/hearth/metastore/v1";
import type { Random } from "@hearth/runtime";
import { encodeAddBlocks } from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { blockObject, type BlockObject } from "./block-objects.ts";
import { CPU, dataset, labelsOf, MEMORY, START_MS, ulidAt } from "./blocks.ts";

const HOUR_MS = 3_600_000;

/** Blocks of several shards, tenants, levels and partitions. */
export function population(count: number, random: Random): BlockObject[] {
  return Array.from({ length: count }, (_, at) => {
    const id = ulidAt(START_MS + at * HOUR_MS, random);
    const shard = 1 + Math.floor(random.next() * 3);
    const tenants = ["acme", "other", "third"].slice(0, 1 + (at % 3));
    const times = { minTimeMs: START_MS - at * 1_000, maxTimeMs: START_MS + at * 1_000 };
    if (at % 4 === 3) {
      const datasets = [dataset({ ...times, labelSets: [labelsOf("shop", CPU), labelsOf("shop", MEMORY)] })];
      return blockObject(id, { shard, tenant: "acme", level: 1 + (at % 3), datasets });
    }
    const datasets = tenants.map((tenant, i) => dataset({ ...times, tenant, offset: 400 * i }));
    return blockObject(id, { shard, datasets });
  });
}

/** A metastore as far as registering goes: the real state machine, without a log. */
export class RegisteringState {
  readonly state = new MetastoreState();
  readonly calls: AddBlocksRequest[] = [];
  /** Asked before each call is carried out, by its number. */
  failure: (call: number) => { error?: Error; replyIsLost?: boolean } = () => ({});
  #stamp = 1_000_000_000_000_000_000n;

  async addBlocks(request: AddBlocksRequest): Promise<AddBlocksResponse> {
    const { error, replyIsLost } = this.failure(this.calls.length);
    this.calls.push(request);
    if (error && !replyIsLost) throw error;
    const result = this.add(request.blocks, request.requestId);
    if (error) throw error;
    return create(AddBlocksResponseSchema, { refusals: [...result] });
  }

  add(blocks: AddBlocksRequest["blocks"], requestId: Uint8Array) {
    const result = this.state.apply(
      encodeAddBlocks(blocks, { version: 1, stampNanos: ++this.#stamp, requestId }),
    );
    if (result.type !== "blocks-added") throw new Error(`unexpected result: ${result.type}`);
    return result.refusals;
  }
}

/** What the writers of the objects registered, one by one and in their own order. */
export function registeredByWriters(objects: readonly BlockObject[]): MetastoreState {
  const index = new RegisteringState();
  for (const { meta } of objects.toReversed()) index.add([blockMetaToWire(meta)], new Uint8Array());
  return index.state;
}
