import { join } from "node:path";

import { systemClock } from "@hearth/runtime";

import { push, RequestFailedError } from "../durability/client.ts";
import { Ledger, type ProfileKey } from "../durability/ledger.ts";
import { verify } from "../durability/verify.ts";
import { quickStart } from "../support/quick-start.ts";
import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { waitUntil } from "../support/wait-until.ts";
import type { RaftCluster } from "./raft-cluster.ts";

/** Everything but the metastore. */
const OTHER_PARTS = "distributor,segment-writer,query-frontend,query-backend";
const SERVICES = 4;
/** Between two pushes of a service. */
const PAUSE_MS = 25;
/** Before the fault and after it. */
const STEADY = 20;
const PROGRESS_WITHIN_MS = 60_000;
const FOUND_WITHIN_MS = 30_000;
const ASK_AGAIN_MS = 100;

export interface PushReport {
  readonly offences: readonly string[];
  readonly acknowledgedCount: number;
  readonly errorCount: number;
  /** From the end of the pushes until queries showed all of them. */
  readonly foundAfterMs: number;
  /** From the first answer that was an error to the next push that was not, at most. */
  readonly errorsForMs: number;
  /** Of those that ended after the leader was killed. */
  readonly slowestPushMs: number;
}

/**
 * Clients push while the leader of the metastore is killed; afterwards all that was acknowledged is asked for.
 *
 * @param run - names what is pushed: another name each time.
 */
export async function pushWhileLeaderIsKilled(cluster: RaftCluster, run: string): Promise<PushReport> {
  await using server = await startOtherParts(cluster, run);
  const services = Array.from({ length: SERVICES }, (_, number) => `${run}-${number}`);
  const clients = new PushClients(server.url, services);
  const running = clients.run();
  try {
    await clients.untilAcknowledged(STEADY);
    const leader = await cluster.leader();
    clients.forgetSlowest();
    await cluster.kill(leader);
    await clients.untilAcknowledged(STEADY);
    await cluster.restart(leader);
    await cluster.untilHealthy();
    await clients.untilAcknowledged(STEADY);
  } finally {
    clients.stop();
    await running;
  }
  const endMs = systemClock.monotonicMs();
  const offences = await untilFound(server.url, clients.ledger);
  return { ...clients.figures, offences, foundAfterMs: systemClock.monotonicMs() - endMs };
}

function startOtherParts(cluster: RaftCluster, run: string): Promise<ServerProcess> {
  const addresses = cluster.members.map((place) => cluster.node(place).rpcAddress);
  const flags = [
    ...goldenFlags,
    `-target=${OTHER_PARTS}`,
    `-metastore.address=${addresses.join(",")}`,
    `-storage.filesystem.dir=${cluster.bucketDir}`,
  ];
  return ServerProcess.start({ dir: join(cluster.dir, run), flags, env: quickStart });
}

/**
 * While the group had no leader, registrations may have gone to the dead-letter queue: they are found when the leader has
 * looked there. @returns what is still wrong then.
 */
async function untilFound(url: string, ledger: Ledger): Promise<readonly string[]> {
  const endMs = systemClock.monotonicMs() + FOUND_WITHIN_MS;
  for (;;) {
    const { offences, refusals } = await verify(url, ledger);
    const problems = [...offences, ...refusals];
    if (problems.length === 0 || systemClock.monotonicMs() > endMs) return problems;
    await systemClock.sleep(ASK_AGAIN_MS);
  }
}

class PushClients {
  readonly #url: string;
  readonly #services: readonly string[];
  readonly ledger = new Ledger();
  #isStopping = false;
  #errorCount = 0;
  #errorsForMs = 0;
  #slowestPushMs = 0;

  constructor(url: string, services: readonly string[]) {
    this.#url = url;
    this.#services = services;
  }

  get figures(): Omit<PushReport, "offences" | "foundAfterMs"> {
    return {
      acknowledgedCount: this.ledger.acknowledgedCount,
      errorCount: this.#errorCount,
      errorsForMs: this.#errorsForMs,
      slowestPushMs: this.#slowestPushMs,
    };
  }

  forgetSlowest(): void {
    this.#slowestPushMs = 0;
  }

  async run(): Promise<void> {
    await Promise.all(this.#services.map((service) => this.#pushSteadily(service)));
  }

  stop(): void {
    this.#isStopping = true;
  }

  async untilAcknowledged(count: number): Promise<void> {
    const goal = this.ledger.acknowledgedCount + count;
    await waitUntil(() => this.ledger.acknowledgedCount >= goal, {
      timeoutMs: PROGRESS_WITHIN_MS,
      what: () => `${goal} pushes are acknowledged; there are ${this.ledger.acknowledgedCount}`,
    });
  }

  async #pushSteadily(service: string): Promise<void> {
    while (!this.#isStopping) {
      await this.#pushUntilAcknowledged(this.ledger.send(service));
      await systemClock.sleep(PAUSE_MS);
    }
  }

  /** As clients do: the same profile again after an error. */
  async #pushUntilAcknowledged(key: ProfileKey): Promise<void> {
    let firstErrorMs: number | undefined;
    for (;;) {
      const startMs = systemClock.monotonicMs();
      const isAcknowledged = await this.#tryPush(key);
      const nowMs = systemClock.monotonicMs();
      this.#slowestPushMs = Math.max(this.#slowestPushMs, nowMs - startMs);
      if (!isAcknowledged) firstErrorMs ??= nowMs;
      if (firstErrorMs !== undefined) this.#errorsForMs = Math.max(this.#errorsForMs, nowMs - firstErrorMs);
      if (isAcknowledged || this.#isStopping) return;
      await systemClock.sleep(PAUSE_MS);
    }
  }

  async #tryPush(key: ProfileKey): Promise<boolean> {
    try {
      await push(this.#url, [key]);
      this.ledger.acknowledge(key);
      return true;
    } catch (error) {
      if (!(error instanceof RequestFailedError)) throw error;
      this.#errorCount++;
      return false;
    }
  }
}
