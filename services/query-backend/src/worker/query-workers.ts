import { Worker } from "node:worker_threads";
import { fromBinary, toBinary } from "@bufbuild/protobuf";
import { UnavailableError } from "@hearth/errors";
import {
  InvokeRequestSchema,
  InvokeResponseSchema,
  type InvokeRequest,
  type InvokeResponse,
} from "@hearth/proto/hearth/query/v1";
import type { Logger } from "@hearth/telemetry";
import { decodeFailure, encodeFailure } from "@hearth/worker-pool";
import { BlockSender } from "./block-exchange.ts";
import type { FromWorker, QueryWorkerSettings, ToWorker } from "./messages.ts";

export interface QueryWorkersSettings extends QueryWorkerSettings {
  /** At least 1. */
  readonly threads: number;
}

/** The main thread's side of the query workers. A thread is started when it is first needed, and again after it died. */
export class QueryWorkers implements AsyncDisposable {
  readonly #threads: QueryThread[];

  /** @param logger - told when a thread dies. */
  constructor(settings: QueryWorkersSettings, logger: Logger) {
    const own = { ...settings, cacheBytes: Math.floor(settings.cacheBytes / settings.threads) };
    this.#threads = Array.from({ length: settings.threads }, () => new QueryThread(own, logger));
  }

  /**
   * Executes a leaf.
   *
   * @param affinity - the same number goes to the same thread, whose cache then knows the blocks.
   * @throws what the leaf throws, or the signal's reason.
   */
  invoke(request: InvokeRequest, affinity: number, signal: AbortSignal): Promise<InvokeResponse> {
    return this.#threads[affinity % this.#threads.length]!.invoke(request, signal);
  }

  /** Ends the threads; leaves that still run fail as unavailable. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}

/** Metadata of a dataset takes about a kilobyte in a thread. */
const MAX_KNOWN_DATASETS = 50_000;

class QueryThread {
  readonly #settings: QueryWorkerSettings;
  readonly #logger: Logger;
  readonly #waiting = new Map<number, PromiseWithResolvers<Uint8Array>>();
  readonly #blocks = new BlockSender(MAX_KNOWN_DATASETS);
  #worker: Worker | undefined;
  #nextId = 0;
  #isClosed = false;

  constructor(settings: QueryWorkerSettings, logger: Logger) {
    this.#settings = settings;
    this.#logger = logger;
  }

  async invoke(request: InvokeRequest, signal: AbortSignal): Promise<InvokeResponse> {
    if (signal.aborted) throw signal.reason;
    if (this.#isClosed) throw new UnavailableError("query backend is shutting down");
    this.#worker ??= this.#start();
    const id = this.#nextId++;
    const answer = Promise.withResolvers<Uint8Array>();
    this.#waiting.set(id, answer);
    const cancel = (): void => {
      this.#post({ type: "cancel", id, reason: encodeFailure(signal.reason) });
      answer.reject(signal.reason as Error);
    };
    signal.addEventListener("abort", cancel, { once: true });
    try {
      this.#post(this.#messageOf(id, request));
      return fromBinary(InvokeResponseSchema, await answer.promise);
    } finally {
      signal.removeEventListener("abort", cancel);
      this.#waiting.delete(id);
    }
  }

  /** @throws when the request cannot be written: the thread then learns nothing, and everything is new to it again. */
  #messageOf(id: number, request: InvokeRequest): ToWorker {
    const { unknown, ...blocks } = this.#blocks.pack(request.blocks);
    try {
      const encoded = toBinary(InvokeRequestSchema, { ...request, blocks: unknown });
      return { type: "invoke", id, request: encoded, blocks };
    } catch (error) {
      this.#blocks.reset();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const worker = this.#worker;
    if (!worker) return;
    const exited = new Promise((resolve) => worker.once("exit", resolve));
    this.#post({ type: "close" });
    await exited;
  }

  #post(message: ToWorker): void {
    this.#worker?.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(new URL("./query-worker.ts", import.meta.url), { workerData: this.#settings });
    worker.on("message", (message: FromWorker) => this.#settle(message));
    worker.on("error", (error) => {
      this.#logger.error("query worker died; the next read starts another", { error });
      this.#failAll(error);
    });
    worker.once("exit", () => {
      if (this.#worker === worker) {
        this.#worker = undefined;
        this.#blocks.reset();
      }
      this.#failAll(new Error("query worker ended"));
    });
    return worker;
  }

  #settle(message: FromWorker): void {
    const waiting = this.#waiting.get(message.id);
    if (message.type === "answer") waiting?.resolve(message.response);
    else waiting?.reject(decodeFailure(message.failure));
  }

  #failAll(cause: unknown): void {
    for (const { reject } of this.#waiting.values())
      reject(new UnavailableError("query worker failed", { cause }));
  }
}
