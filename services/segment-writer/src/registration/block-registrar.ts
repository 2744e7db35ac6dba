/**
 * Registers blocks with the metastore, many at a time: while a proposal is under way, those that come are collected, and
 * go together in the next. So a tick of many shards costs one entry of the replicated log, and a single segment on a
 * quiet system does not wait for others.
 */
import { create } from "@bufbuild/protobuf";
import { FailedPreconditionError } from "@hearth/errors";
import type { BlockMeta } from "@hearth/proto/hearth/block/v1";
import {
  AddBlocksRequestSchema,
  type AddBlocksRequest,
  type AddBlocksResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { retry, withTimeLimit, type Clock, type Random, type RetryPolicy } from "@hearth/runtime";

import { isRetryable } from "../upload/segment-uploader.ts";

/** The part of the metastore that a segment writer needs. */
export interface BlockIndex {
  /** Rejects with a `DomainError`, or the signal's reason. */
  addBlocks(request: AddBlocksRequest, signal: AbortSignal): Promise<AddBlocksResponse>;
}

/** The metastore will never take this block: trying again, or later, cannot help. */
export class BlockRefusedError extends FailedPreconditionError {
  constructor(block: string, reason: string) {
    super(`metastore refused the block: block=${block} reason=${reason}`);
  }
}

interface Waiter {
  readonly block: BlockMeta;
  readonly sizeBytes: number;
  readonly signal: AbortSignal;
  readonly answer: PromiseWithResolvers<void>;
}

/** A proposal is an entry of the replicated log; larger groups go in several. */
const MAX_PROPOSAL_BYTES = 1 << 20;
/** Bounded by time, not by number. */
const RETRIES: RetryPolicy = { attempts: 1000, minBackoffMs: 50, maxBackoffMs: 500, isRetryable };

/** Gathers blocks and proposes them; see the top of this file. */
export class BlockRegistrar {
  readonly #settings: { readonly metadataUpdateTimeoutMs: number };
  readonly #deps: { readonly index: BlockIndex; readonly clock: Clock; readonly random: Random };
  #waiting: Waiter[] = [];
  #isProposing = false;

  constructor(
    settings: { readonly metadataUpdateTimeoutMs: number },
    deps: { readonly index: BlockIndex; readonly clock: Clock; readonly random: Random },
  ) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /**
   * Registers a block; when it resolves, every later query sees it.
   *
   * @param sizeBytes - of the encoded metadata.
   * @throws {BlockRefusedError} when the metastore says no.
   * @throws {DomainError} anything else means that nobody knows whether it is registered.
   */
  async register(block: BlockMeta, sizeBytes: number): Promise<void> {
    const limit = { ms: this.#settings.metadataUpdateTimeoutMs, what: "block registration" };
    await withTimeLimit(limit, this.#deps.clock, (signal) => {
      const answer = Promise.withResolvers<void>();
      this.#waiting.push({ block, sizeBytes, signal, answer });
      if (!this.#isProposing) this.#proposeAll().catch(answer.reject);
      return answer.promise;
    });
  }

  async #proposeAll(): Promise<void> {
    this.#isProposing = true;
    try {
      // Those who come in the same turn go together.
      await Promise.resolve();
      while (this.#waiting.length > 0) await this.#propose(this.#takeGroup());
    } finally {
      this.#isProposing = false;
    }
  }

  /** Takes the longest-waiting blocks; those whose time is up have been answered. */
  #takeGroup(): Waiter[] {
    const waiting = this.#waiting.filter(({ signal }) => !signal.aborted);
    let sizeBytes = 0;
    const beyond = waiting.findIndex((waiter) => {
      sizeBytes += waiter.sizeBytes;
      return sizeBytes > MAX_PROPOSAL_BYTES;
    });
    const count = beyond === -1 ? waiting.length : Math.max(1, beyond);
    this.#waiting = waiting.slice(count);
    return waiting.slice(0, count);
  }

  async #propose(group: readonly Waiter[]): Promise<void> {
    if (group.length === 0) return;
    try {
      const { refusals } = await this.#addBlocks(group.map(({ block }) => block));
      const reasons = new Map(refusals.map(({ block, reason }) => [block, reason]));
      for (const { block, answer } of group) {
        const reason = reasons.get(block.id);
        if (reason === undefined) answer.resolve();
        else answer.reject(new BlockRefusedError(block.id, reason));
      }
    } catch (error) {
      for (const { answer } of group) answer.reject(error);
    }
  }

  /** One call; its retries carry the same request id, so that the metastore does it once. */
  #addBlocks(blocks: readonly BlockMeta[]): Promise<AddBlocksResponse> {
    const requestId = new Uint8Array(16);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's fill
    this.#deps.random.fill(requestId);
    const request = create(AddBlocksRequestSchema, { blocks: [...blocks], requestId });
    const limit = { ms: this.#settings.metadataUpdateTimeoutMs, what: "block registration" };
    return withTimeLimit(limit, this.#deps.clock, (signal) =>
      retry(() => this.#deps.index.addBlocks(request, signal), RETRIES, this.#deps, signal),
    );
  }
}
