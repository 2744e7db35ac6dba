import {
  defaultPoolSettings,
  GroupTransport,
  metastoreClients,
  parseTarget,
  ServicePool,
  type MetastoreClients,
} from "@hearth/clients";
import { seededRandom, systemClock, systemRandom, UlidFactory, type Random } from "@hearth/runtime";
import { noopLogger } from "@hearth/telemetry";

import { waitUntil } from "../support/wait-until.ts";
import { blockMeta, START_MS } from "./blocks.ts";
import type { History, Read, Registration } from "./history.ts";

const WRITERS = 4;
/** Besides one for each node, who asks it alone. */
const READERS = 1;
const OPERATION_TIMEOUT_MS = 15_000;
/** A node that is down, or cut off, cannot answer: whoever asks it alone does not wait long. */
const LONELY_READ_TIMEOUT_MS = 2_000;
/** Between two operations of one client, at most. */
const MAX_WRITE_PAUSE_MS = 50;
const MAX_READ_PAUSE_MS = 250;
const PROGRESS_WITHIN_MS = 60_000;
const REQUEST_ID_BYTES = 16;

/** Ids of now: the object of an old block would be looked up. */
const ulids = new UlidFactory({ clock: systemClock, random: systemRandom });

export interface FailedOperation {
  readonly what: "write" | "read";
  readonly startMs: number;
  readonly endMs: number;
  readonly reason: string;
}

/** Clients that register blocks of a tenant and read them, each one thing after the other, until they are stopped. */
export class Load implements AsyncDisposable {
  readonly #tenant: string;
  readonly #random: Random;
  readonly #pools: ServicePool[] = [];
  readonly #registrations: Registration[] = [];
  readonly #reads: Read[] = [];
  readonly #failures: FailedOperation[] = [];
  readonly #acknowledgedMs: number[] = [];
  #clients: Promise<unknown> = Promise.resolve();
  #isStopping = false;

  /** @param addresses - where nodes of the group may be. */
  static async start(addresses: readonly string[], tenant: string, seed: number): Promise<Load> {
    const load = new Load(tenant, seededRandom(seed));
    const connect = (count: number): Promise<MetastoreClients[]> =>
      Promise.all(Array.from({ length: count }, () => load.#connect(addresses)));
    const [writing, reading] = [await connect(WRITERS), await connect(READERS)];
    const asking = await Promise.all(addresses.map((address) => load.#connect([address])));
    load.#clients = Promise.all([
      ...writing.map((clients) => load.#untilStopped(() => load.#write(clients), MAX_WRITE_PAUSE_MS)),
      ...reading.map((clients) => load.#untilStopped(() => load.#read(clients), MAX_READ_PAUSE_MS)),
      ...asking.map((clients) => load.#untilStopped(() => load.#tryRead(clients), MAX_READ_PAUSE_MS)),
    ]);
    return load;
  }

  private constructor(tenant: string, random: Random) {
    this.#tenant = tenant;
    this.#random = random;
  }

  get history(): History {
    return { registrations: this.#registrations, reads: this.#reads };
  }

  get failures(): readonly FailedOperation[] {
    return this.#failures;
  }

  /** When writes were acknowledged, rising. */
  get acknowledgedMs(): readonly number[] {
    return this.#acknowledgedMs;
  }

  /** Returns once so many writes were acknowledged that began after this call. */
  async untilAcknowledged(count: number): Promise<void> {
    const nowMs = systemClock.monotonicMs();
    const first = this.#registrations.length;
    let seen = 0;
    const isEnough = (): boolean => {
      const since = this.#registrations.slice(first);
      seen = since.filter(({ startMs, endMs }) => startMs >= nowMs && endMs !== undefined).length;
      return seen >= count;
    };
    await waitUntil(isEnough, {
      timeoutMs: PROGRESS_WITHIN_MS,
      what: () =>
        `${count} writes are acknowledged; there are ${seen}: ${JSON.stringify(this.#failures.slice(-3))}`,
    });
  }

  /** Returns when the last operation has ended. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#clients;
    await Promise.all(this.#pools.map((pool) => pool[Symbol.asyncDispose]()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** A process of its own, as the group sees it. */
  async #connect(addresses: readonly string[]): Promise<MetastoreClients> {
    const deps = { clock: systemClock, random: systemRandom, logger: noopLogger };
    const pool = new ServicePool(parseTarget(addresses.join(",")), defaultPoolSettings, deps);
    await pool.start();
    this.#pools.push(pool);
    return metastoreClients(new GroupTransport(pool, deps));
  }

  async #untilStopped(operation: () => Promise<void>, maxPauseMs: number): Promise<void> {
    while (!this.#isStopping) {
      await operation();
      await systemClock.sleep(this.#random.next() * maxPauseMs);
    }
  }

  async #write({ index }: MetastoreClients): Promise<void> {
    const block = ulids.next();
    const request = {
      blocks: [blockMeta(block, this.#tenant)],
      requestId: systemRandom.fill(new Uint8Array(REQUEST_ID_BYTES)),
    };
    const startMs = systemClock.monotonicMs();
    const answer = await this.#attempt("write", startMs, () =>
      index.addBlocks(request, { timeoutMs: OPERATION_TIMEOUT_MS }),
    );
    const endMs = systemClock.monotonicMs();
    const isAcknowledged = answer !== undefined && answer.refusals.length === 0;
    if (answer && !isAcknowledged) {
      this.#failures.push({ what: "write", startMs, endMs, reason: answer.refusals[0]?.reason ?? "refused" });
    }
    this.#registrations.push({ block, startMs, endMs: isAcknowledged ? endMs : undefined });
    if (isAcknowledged) this.#acknowledgedMs.push(endMs);
  }

  async #read({ metadataQuery }: MetastoreClients): Promise<void> {
    const startMs = systemClock.monotonicMs();
    const blocks = await this.#attempt("read", startMs, () =>
      readTenant(metadataQuery, this.#tenant, OPERATION_TIMEOUT_MS),
    );
    if (blocks) this.#reads.push({ startMs, endMs: systemClock.monotonicMs(), blocks });
  }

  /** Whatever one node answers must be as true as the answer of any other; only it need not answer. */
  async #tryRead({ metadataQuery }: MetastoreClients): Promise<void> {
    const startMs = systemClock.monotonicMs();
    try {
      const blocks = await readTenant(metadataQuery, this.#tenant, LONELY_READ_TIMEOUT_MS);
      this.#reads.push({ startMs, endMs: systemClock.monotonicMs(), blocks });
    } catch {
      // It is not asked about failures.
    }
  }

  async #attempt<T>(
    what: FailedOperation["what"],
    startMs: number,
    call: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await call();
    } catch (error) {
      const endMs = systemClock.monotonicMs();
      this.#failures.push({ what, startMs, endMs, reason: String(error) });
      return undefined;
    }
  }
}

/** Ids of all blocks of the tenant, as they are shown. */
export async function readTenant(
  client: MetastoreClients["metadataQuery"],
  tenant: string,
  timeoutMs: number,
): Promise<string[]> {
  const { blocks } = await client.queryMetadata(
    { tenants: [tenant], startTimeMs: BigInt(START_MS), endTimeMs: BigInt(START_MS + 1_000), matchers: [] },
    { timeoutMs },
  );
  return blocks.map(({ id }) => id);
}
