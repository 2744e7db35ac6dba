import { UnavailableError } from "@hearth/errors";
import type { Clock } from "@hearth/runtime";

import type {
  ByteRange,
  ListEntry,
  ListOptions,
  ObjectInfo,
  ObjectStore,
  PutOptions,
} from "./object-store.ts";

export interface ObjectOperation {
  readonly name: "put" | "get" | "getRange" | "head" | "delete" | "list" | "checkAccess";
  /** The prefix, for a listing; empty for the check of access. */
  readonly key: string;
  /** How many operations came before it. */
  readonly index: number;
}

/** What goes wrong with one operation; an empty fault is none. */
export interface Fault {
  /** Waits so long, by the injected clock, before anything else; `Infinity` until the caller gives up. */
  readonly delayMs?: number;
  /** Fails with it, and does nothing. */
  readonly error?: Error;
  /** Does it, then fails as if the answer had been lost. */
  readonly replyIsLost?: boolean;
  /** A read yields only so many bytes, as from a connection that broke unnoticed or a torn file. */
  readonly cutToBytes?: number;
}

/** A bucket that fails as planned: for tests of those who use one. */
export class FaultyObjectStore implements ObjectStore {
  readonly #inner: ObjectStore;
  readonly #clock: Clock;
  readonly #plan: (operation: ObjectOperation) => Fault;
  #operationCount = 0;

  /** @param deps.plan - asked once for each operation, when it begins. */
  constructor(inner: ObjectStore, deps: { clock: Clock; plan: (operation: ObjectOperation) => Fault }) {
    this.#inner = inner;
    this.#clock = deps.clock;
    this.#plan = deps.plan;
  }

  async put(key: string, bytes: Uint8Array, options: PutOptions, signal: AbortSignal): Promise<void> {
    await this.#meddle("put", key, signal, () => this.#inner.put(key, bytes, options, signal));
  }

  async get(key: string, signal: AbortSignal): Promise<Uint8Array> {
    const { result, fault } = await this.#meddle("get", key, signal, () => this.#inner.get(key, signal));
    return cut(result, fault);
  }

  async getRange(key: string, range: ByteRange, signal: AbortSignal): Promise<Uint8Array> {
    const read = (): Promise<Uint8Array> => this.#inner.getRange(key, range, signal);
    const { result, fault } = await this.#meddle("getRange", key, signal, read);
    return cut(result, fault);
  }

  async head(key: string, signal: AbortSignal): Promise<ObjectInfo> {
    return (await this.#meddle("head", key, signal, () => this.#inner.head(key, signal))).result;
  }

  async delete(key: string, signal: AbortSignal): Promise<void> {
    await this.#meddle("delete", key, signal, () => this.#inner.delete(key, signal));
  }

  async *list(prefix: string, options: ListOptions, signal: AbortSignal): AsyncGenerator<ListEntry> {
    await this.#meddle("list", prefix, signal, async () => {});
    yield* this.#inner.list(prefix, options, signal);
  }

  async checkAccess(signal: AbortSignal): Promise<void> {
    await this.#meddle("checkAccess", "", signal, () => this.#inner.checkAccess(signal));
  }

  async #meddle<T>(
    name: ObjectOperation["name"],
    key: string,
    signal: AbortSignal,
    work: () => Promise<T>,
  ): Promise<{ result: T; fault: Fault }> {
    const fault = this.#plan({ name, key, index: this.#operationCount++ });
    if (fault.delayMs !== undefined) await this.#clock.sleep(fault.delayMs, signal);
    if (fault.error) throw fault.error;
    const result = await work();
    if (fault.replyIsLost) throw new UnavailableError(`connection lost: key=${key}`);
    return { result, fault };
  }
}

function cut(bytes: Uint8Array, fault: Fault): Uint8Array {
  return fault.cutToBytes === undefined ? bytes : bytes.slice(0, fault.cutToBytes);
}
