import { systemClock } from "@hearth/runtime";
import { goCpuProfile } from "@hearth/testing";

const SERVICES = 16;
/** Different programs, each with symbols of its own. */
const PROGRAMS = 64;
const SAMPLES = 120;

/** Of a time of its own: one that came before would be a repeat, which merging drops. */
function bodyOf(number: number): Uint8Array {
  const timeNanos = systemClock.nowNanos() + BigInt(number % 1_000_000);
  return goCpuProfile({ samples: SAMPLES, seed: number % PROGRAMS, timeNanos });
}

/** Bytes of one pushed profile, uncompressed. */
export const profileBytes = bodyOf(0).length;

/** Pushes the `number`th profile, and waits until it is acknowledged. @throws when it is not. */
export async function push(url: string, number: number): Promise<void> {
  const from = Math.floor(systemClock.nowMs() / 1_000);
  const labels = `service-${number % SERVICES}{pod=pod-${number % (3 * SERVICES)}}`;
  const path = `/ingest?name=${encodeURIComponent(labels)}&format=pprof&from=${from}&until=${from + 15}`;
  const answer = await fetch(url + path, {
    method: "POST",
    headers: { "content-type": "application/octet-stream" },
    body: bodyOf(number),
  });
  const text = await answer.text();
  if (answer.status !== 200) throw new Error(`a push was answered ${answer.status}: ${text}`);
}

export interface SteadyResult {
  /** Acknowledged. */
  readonly pushes: number;
  readonly failures: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
}

/**
 * Pushes `perSecond` profiles a second, however long they take, until `until` resolves. Times count from when a push was
 * due.
 */
export async function pushSteadily(
  url: string,
  perSecond: number,
  until: Promise<unknown>,
): Promise<SteadyResult> {
  const state = { isOver: false };
  void until.finally(() => {
    state.isOver = true;
  });
  const latencies: number[] = [];
  let failures = 0;
  const underWay = new Set<Promise<void>>();
  const startMs = performance.now();
  for (let number = 0; !state.isOver; number++) {
    const dueMs = startMs + (number * 1_000) / perSecond;
    await sleep(dueMs - performance.now());
    const pushed = push(url, number).then(
      () => void latencies.push(performance.now() - dueMs),
      () => void failures++,
    );
    underWay.add(pushed);
    void pushed.finally(() => underWay.delete(pushed));
  }
  await Promise.all(underWay);
  await until;
  const sorted = Float64Array.from(latencies).sort();
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
  return { pushes: sorted.length, failures, p50Ms: at(0.5), p99Ms: at(0.99), maxMs: at(1) };
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms)));
}
