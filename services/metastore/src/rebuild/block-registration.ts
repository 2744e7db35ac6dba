import { create } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import {
  AddBlocksRequestSchema,
  type AddBlocksRequest,
  type AddBlocksResponse,
} from "@hearth/proto/hearth/metastore/v1";
import { retry, type Clock, type Random } from "@hearth/runtime";
import { REQUEST_ID_BYTES } from "../index-state/command-codec.ts";
import { Batcher, type BatchLimits } from "./batcher.ts";
import { PATIENCE } from "./patience.ts";
import type { ReadBlock } from "./read-block.ts";

export interface BlockRegistrationDeps {
  readonly index: { addBlocks(request: AddBlocksRequest, signal: AbortSignal): Promise<AddBlocksResponse> };
  readonly clock: Clock;
  readonly random: Random;
  /** Told of each block that the metastore answered for; of the reason if it does not take it. */
  readonly onAnswer: (block: ReadBlock, refusal: string | undefined) => void;
}

/** Registers blocks in batches, each while the next one is gathered. Their objects must just have been read. */
export class BlockRegistration {
  readonly #deps: BlockRegistrationDeps;
  readonly #batcher: Batcher<ReadBlock>;
  /** The batch that is under way. */
  #sending: Promise<void> = Promise.resolve();

  constructor(limits: BatchLimits, deps: BlockRegistrationDeps) {
    this.#deps = deps;
    this.#batcher = new Batcher(limits);
  }

  /** @throws {DomainError} the failure of a batch before. */
  async add(block: ReadBlock, signal: AbortSignal): Promise<void> {
    await this.#sendBehind(this.#batcher.add(block, block.metaSizeBytes), signal);
  }

  /** Until all that was added is answered. */
  async flush(signal: AbortSignal): Promise<void> {
    await this.#sendBehind(this.#batcher.take(), signal);
    await this.#sending;
  }

  /** Until nothing is under way, however it ends. */
  async settle(): Promise<void> {
    await Promise.allSettled([this.#sending]);
  }

  /** Waits for the batch before, if there is a next one. */
  async #sendBehind(batch: readonly ReadBlock[] | undefined, signal: AbortSignal): Promise<void> {
    if (!batch) return;
    await this.#sending;
    this.#sending = this.#send(batch, signal);
    // It is waited for later; until then its failure is not unhandled.
    this.#sending.catch(() => {});
  }

  async #send(batch: readonly ReadBlock[], signal: AbortSignal): Promise<void> {
    const { clock, index, random, onAnswer } = this.#deps;
    const requestId = new Uint8Array(REQUEST_ID_BYTES);
    // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- not an array's fill
    random.fill(requestId);
    const blocks = batch.map(({ meta }) => blockMetaToWire(meta));
    const request = create(AddBlocksRequestSchema, { blocks, requestId, objectsWereRead: true });
    const { refusals } = await retry(
      () => index.addBlocks(request, signal),
      PATIENCE,
      { clock, random },
      signal,
    );
    const reasons = new Map(refusals.map(({ block, reason }) => [block, reason]));
    for (const block of batch) onAnswer(block, reasons.get(block.meta.id));
  }
}
