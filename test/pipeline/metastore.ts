import { blockMetaFromWire, type BlockMeta } from "@hearth/block";
import type { DataDeletion } from "@hearth/deletions";
import { BLOCKS_PREFIX, blockObjectKey, DEAD_LETTERS_PREFIX, SEGMENTS_PREFIX } from "@hearth/object-store";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import type { PollJobsRequest, PollJobsResponse } from "@hearth/proto/hearth/metastore/v1";

import { mustBeLookedUp, OBJECT_GONE } from "../../services/metastore/src/block-registry.ts";
import { isSettled } from "../../services/metastore/src/dead-letters/recover-dead-letters.ts";
import type { DeletionRequest } from "../../services/metastore/src/deletions/deletion.ts";
import {
  encodeAddBlocks,
  encodePollJobs,
  encodeRequestDeletion,
} from "../../services/metastore/src/index-state/command-codec.ts";
import type { BlockRefusal } from "../../services/metastore/src/index-state/command-result.ts";
import { queryMetadata } from "../../services/metastore/src/index-state/query.ts";
import { workOrderOf } from "../../services/metastore/src/job-broker.ts";
import { orderToWire } from "../../services/metastore/src/rpc/compaction-service.ts";
import { IN_DOUBT, type Bucket } from "./bucket.ts";
import type { MetaNode } from "./node.ts";
import type { ReplicatedLog } from "./replicated-log.ts";
import { wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

/** A block as a query is told of it. */
export interface FoundBlock {
  readonly meta: BlockMeta;
  readonly deletions: readonly DataDeletion[];
}

/** An answer that a client got, or `unavailable`: nobody knows. */
export type Answer<T> = { readonly type: "answered"; readonly value: T } | { readonly type: "unavailable" };

const UNAVAILABLE = { type: "unavailable" } as const;
const LETTERS_AT_ONCE = 64;

/** The nodes of the metastore as services, and the way to them. */
export class Metastore {
  readonly #world: World;
  readonly #log: ReplicatedLog;
  readonly #bucket: Bucket;

  constructor(world: World, log: ReplicatedLog, bucket: Bucket) {
    this.#world = world;
    this.#log = log;
    this.#bucket = bucket;
  }

  /** Asks the node that leads, as far as the client knows. Requests and answers get lost. */
  *call<T>(serve: (node: MetaNode) => Steps<Answer<T>>): Steps<Answer<T>> {
    const { queue, streams, swarm } = this.#world;
    const { net } = streams;
    return yield* wait<Answer<T>>((resume) => {
      let isAnswered = false;
      const answer = (value: Answer<T>): void => {
        if (isAnswered) return;
        isAnswered = true;
        resume(value);
      };
      const lossRate = this.#world.isRough ? swarm.rpcLossRate : 0;
      queue.after(swarm.rpcTimeoutMs, () => answer(UNAVAILABLE));
      if (net.chance(lossRate / 2)) return;
      queue.after(net.exponential(swarm.rpcDelayMs), () => {
        const node = this.#log.leader;
        if (!node?.canLead) return;
        node.machine.run(serve(node), (value) => {
          if (net.chance(lossRate / 2)) this.#world.trace(() => `${node.name}: an answer is lost`);
          else queue.after(net.exponential(swarm.rpcDelayMs), () => answer(value));
        });
      });
    });
  }

  /** As `BlockRegistry` does it. */
  *addBlocks(
    node: MetaNode,
    blocks: readonly WireBlockMeta[],
    requestId: Uint8Array,
  ): Steps<Answer<readonly BlockRefusal[]>> {
    const refusals: BlockRefusal[] = [];
    const present: WireBlockMeta[] = [];
    const now = { wallMs: node.clock.nowMs(), logMs: node.state.lastStampMs };
    const old = blocks.filter(({ id }) => mustBeLookedUp(id, now));
    for (const wire of old) {
      const object = yield* this.#bucket.retried(() => this.#bucket.get(keyOf(blockMetaFromWire(wire))));
      if (object === IN_DOUBT) return UNAVAILABLE;
      if (object) continue;
      this.#world.seen.note("late registration met no object");
      refusals.push({ block: wire.id, reason: OBJECT_GONE });
    }
    const gone = new Set(refusals.map(({ block }) => block));
    present.push(...blocks.filter(({ id }) => !gone.has(id)));
    if (present.length === 0) return { type: "answered", value: refusals };
    const about = { type: "blocks" as const, ids: present.map(({ id }) => id) };
    const proposed = yield* this.#log.propose(node, about, (envelope) =>
      encodeAddBlocks(present, { ...envelope, requestId }),
    );
    if (proposed.type !== "applied") return UNAVAILABLE;
    if (proposed.result.type !== "blocks-added")
      throw new Error(`registering came to ${proposed.result.type}`);
    return { type: "answered", value: [...refusals, ...proposed.result.refusals] };
  }

  /** As `JobBroker` does it. */
  *pollJobs(node: MetaNode, request: PollJobsRequest): Steps<Answer<PollJobsResponse>> {
    const { compaction } = this.#world.swarm;
    const about = { type: "poll" as const, request };
    const proposed = yield* this.#log.propose(node, about, (envelope) =>
      encodePollJobs(request, compaction, { ...envelope, requestId: new Uint8Array() }),
    );
    if (proposed.type !== "applied") return UNAVAILABLE;
    if (proposed.result.type !== "jobs-polled") throw new Error(`a poll came to ${proposed.result.type}`);
    return {
      type: "answered",
      value: orderToWire(workOrderOf(proposed.result, node.state, compaction.leaseMs)),
    };
  }

  /** As `DeletionRegistry` does it. @returns the number of the deletion, or nothing when a limit is reached. */
  *requestDeletion(node: MetaNode, request: DeletionRequest): Steps<Answer<number | undefined>> {
    const proposed = yield* this.#log.propose(node, { type: "deletion" }, (envelope) =>
      encodeRequestDeletion(request, { ...envelope, requestId: new Uint8Array() }),
    );
    if (proposed.type !== "applied") return UNAVAILABLE;
    const { result } = proposed;
    return { type: "answered", value: result.type === "deletion-requested" ? result.number : undefined };
  }

  /** The blocks of a tenant, and what deletions hide of them, from a state that has all that was committed before. */
  *blocksOf(node: MetaNode, tenant: string): Steps<Answer<readonly FoundBlock[]>> {
    const { committed } = this.#log;
    const { queue, swarm } = this.#world;
    for (let tries = 0; node.applied < committed; tries++) {
      if (tries === 10) return UNAVAILABLE;
      yield* wait<void>((resume) => queue.after(swarm.applyLagMs, resume));
    }
    const query = { tenants: [tenant], startMs: 0, endMs: Infinity, predicates: [] };
    const { index, deletions } = node.state;
    const found = queryMetadata(index, deletions.scopes, query);
    return {
      type: "answered",
      value: found.map((block) => ({ meta: block.read(), deletions: block.deletions })),
    };
  }

  /** The leader registers what writers could not; see `recoverDeadLetters`. */
  *recoverUntilCrash(node: MetaNode): Steps<void> {
    for (;;) {
      if (this.#log.leader === node) yield* this.#recover(node);
      yield* wait<void>((resume) => this.#world.queue.after(this.#world.swarm.deadLetterIntervalMs, resume));
    }
  }

  *#recover(node: MetaNode): Steps<void> {
    const keys = yield* this.#bucket.list(DEAD_LETTERS_PREFIX);
    if (keys === IN_DOUBT) return;
    for (let at = 0; at < keys.length; at += LETTERS_AT_ONCE) {
      const isDone = yield* this.#registerLetters(node, keys.slice(at, at + LETTERS_AT_ONCE));
      if (!isDone) return;
    }
  }

  /** @returns false when something went wrong, and the next round begins anew. */
  *#registerLetters(node: MetaNode, keys: readonly string[]): Steps<boolean> {
    const bucket = this.#bucket;
    const letters: { key: string; block: WireBlockMeta }[] = [];
    for (const key of keys) {
      const letter = yield* bucket.get(key);
      if (letter === IN_DOUBT) return false;
      if (letter?.type === "letter") letters.push({ key, block: letter.block });
    }
    if (letters.length === 0) return true;
    const answer = yield* this.addBlocks(
      node,
      letters.map(({ block }) => block),
      new Uint8Array(),
    );
    if (answer.type === "unavailable") return false;
    const reasons = new Map(answer.value.map(({ block, reason }) => [block, reason]));
    for (const { key, block } of letters) {
      if (!isSettled(reasons.get(block.id))) continue;
      this.#world.seen.note("dead letter registered");
      yield* bucket.delete(key);
    }
    return true;
  }
}

/** The key of a block's object. */
export function keyOf(block: Pick<BlockMeta, "id" | "tenant" | "shard" | "level">): string {
  return blockObjectKey(block);
}

/** Whether a key is that of a block's object. */
export function isBlockKey(key: string): boolean {
  return key.startsWith(SEGMENTS_PREFIX) || key.startsWith(BLOCKS_PREFIX);
}
