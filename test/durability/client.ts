import { systemClock } from "@hearth/runtime";
import { buildPprof } from "@hearth/testing";

import { valueOf, type Ledger, type Points, type ProfileKey } from "./ledger.ts";

/** Second 0 of every run. */
const ORIGIN_MS = Date.UTC(2026, 2, 2, 10);
const TYPE = "process_cpu:cpu:nanoseconds:cpu:nanoseconds";
export const TENANT = "durability";

/** Between two pushes: it is not about speed. */
const PAUSE_MS = 20;
const PAUSE_AFTER_FAILURE_MS = 100;

/** The server refused or did not answer. */
export class RequestFailedError extends Error {
  override readonly name = "RequestFailedError";
}

/**
 * Pushes one request after the other until one fails, and writes into the ledger what was acknowledged. A request holds
 * one to three profiles.
 */
export async function pushUntilItFails(
  url: string,
  service: string,
  ledger: Ledger,
): Promise<RequestFailedError> {
  for (let round = 0; ; round++) {
    const keys = Array.from({ length: 1 + (round % 3) }, () => ledger.send(service));
    try {
      await push(url, keys);
    } catch (error) {
      if (error instanceof RequestFailedError) return error;
      throw error;
    }
    for (const key of keys) ledger.acknowledge(key);
  }
}

/**
 * Pushes one request after the other until `isOver`; what fails is left for later.
 */
export async function pushUntil(
  isOver: () => boolean,
  { url, service, ledger }: { url: string; service: string; ledger: Ledger },
): Promise<void> {
  for (let round = 0; !isOver(); round++) {
    const keys = Array.from({ length: 1 + (round % 3) }, () => ledger.send(service));
    try {
      await push(url, keys);
      for (const key of keys) ledger.acknowledge(key);
      await systemClock.sleep(PAUSE_MS);
    } catch (error) {
      if (!(error instanceof RequestFailedError)) throw error;
      await systemClock.sleep(PAUSE_AFTER_FAILURE_MS);
    }
  }
}

/** Sends profiles of one service; returns when they are acknowledged. */
export async function push(url: string, keys: readonly ProfileKey[]): Promise<void> {
  const samples = keys.map((key) => ({ rawProfile: Buffer.from(profileOf(key)).toString("base64") }));
  const labels = [
    { name: "__name__", value: "process_cpu" },
    { name: "service_name", value: keys[0]?.service ?? "" },
  ];
  await call(url, "push.v1.PusherService/Push", { series: [{ labels, samples }] });
}

/** Everything that is stored of a service, asked in three ways that must agree in their total. */
export interface Stored {
  readonly points: Points;
  readonly flameGraphTotal: number;
  readonly profileTotal: number;
}

export async function askFor(url: string, service: string, lastSecond: number): Promise<Stored> {
  const query = {
    start: ORIGIN_MS,
    end: ORIGIN_MS + (lastSecond + 10) * 1000,
    profileTypeID: TYPE,
    labelSelector: `{service_name="${service}"}`,
  };
  const series = (await call(url, "querier.v1.QuerierService/SelectSeries", {
    ...query,
    step: 1,
  })) as SeriesAnswer;
  const flame = (await call(url, "querier.v1.QuerierService/SelectMergeStacktraces", query)) as FlameAnswer;
  const profile = (await call(url, "querier.v1.QuerierService/SelectMergeProfile", query)) as ProfileAnswer;
  const points = (series.series ?? []).flatMap((each) => each.points ?? []);
  const values = (profile.sample ?? []).map(({ value }) => Number(value?.[0] ?? 0));
  return {
    points: new Map(
      points.map(({ timestamp, value = 0 }) => [(Number(timestamp) - ORIGIN_MS) / 1000, value]),
    ),
    flameGraphTotal: Number(flame.flamegraph?.total ?? 0),
    profileTotal: values.reduce((sum, value) => sum + value, 0),
  };
}

interface SeriesAnswer {
  readonly series?: readonly {
    readonly points?: readonly { readonly timestamp: string; readonly value?: number }[];
  }[];
}

interface FlameAnswer {
  readonly flamegraph?: { readonly total?: string };
}

interface ProfileAnswer {
  readonly sample?: readonly { readonly value?: readonly string[] }[];
}

function profileOf(key: ProfileKey): Uint8Array {
  return buildPprof({
    sampleTypes: [["cpu", "nanoseconds"]],
    periodType: ["cpu", "nanoseconds"],
    period: 1,
    timeNanos: BigInt(ORIGIN_MS + key.second * 1000) * 1_000_000n,
    samples: [{ stack: [`leaf${key.second % 7}`, key.service, "main"], values: [valueOf(key)] }],
  });
}

/** @throws {RequestFailedError} unless the answer is 200. */
async function call(url: string, method: string, body: unknown): Promise<unknown> {
  const request = {
    method: "POST",
    headers: { "content-type": "application/json", "x-scope-orgid": TENANT },
    body: JSON.stringify(body),
  };
  try {
    const response = await fetch(`${url}/${method}`, request);
    const text = await response.text();
    if (response.status === 200) return JSON.parse(text);
    throw new RequestFailedError(`${method} answered ${response.status}: ${text.slice(0, 500)}`);
  } catch (error) {
    if (error instanceof RequestFailedError) throw error;
    const { cause } = error as Error;
    throw new RequestFailedError(`${method} got no answer: ${String(cause ?? error)}`, { cause: error });
  }
}
