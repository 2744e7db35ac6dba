import type { ReplicatedLog } from "../../services/metastore/src/replicated-log/replicated-log.ts";

/** What clients do for a while. */
export interface Load {
  readonly kind: "propose" | "read";
  readonly clients: number;
  readonly seconds: number;
  /** Offered, over all clients; as many as they can when absent. */
  readonly perSecond?: number;
}

export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly p999Ms: number;
  readonly failures: number;
  /** Of the process, user and system. */
  readonly cpuMsPerOperation: number;
  readonly operations: number;
  /** Added by the node. */
  readonly syncs?: number;
  readonly eventLoopDelayP99Ms?: number;
}

const PAYLOAD = new Uint8Array(512).fill(7);

/** Each client has one operation under way. With an offered rate, latencies count from when an operation was due. */
export async function runLoad(log: ReplicatedLog<unknown>, load: Load): Promise<LoadResult> {
  const { signal } = new AbortController();
  const latencies: number[] = [];
  let failures = 0;
  const startMs = performance.now();
  const endMs = startMs + load.seconds * 1_000;
  const cpuBefore = process.cpuUsage();
  let due = startMs;
  const client = async (): Promise<void> => {
    for (;;) {
      let fromMs = performance.now();
      if (load.perSecond !== undefined) {
        fromMs = due;
        due += 1_000 / load.perSecond;
        if (fromMs > performance.now()) await sleepUntil(fromMs);
      }
      if (performance.now() >= endMs) return;
      try {
        await (load.kind === "read" ? log.readIndex(signal) : log.propose(PAYLOAD, signal));
        latencies.push(performance.now() - fromMs);
      } catch {
        failures++;
        await sleepUntil(performance.now() + 5);
      }
    }
  };
  await Promise.all(Array.from({ length: load.clients }, client));
  const { user, system } = process.cpuUsage(cpuBefore);
  const seconds = (performance.now() - startMs) / 1_000;
  const sorted = Float64Array.from(latencies).sort();
  const at = (part: number): number =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))] ?? NaN;
  return {
    perSecond: latencies.length / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    p999Ms: at(0.999),
    failures,
    cpuMsPerOperation: (user + system) / 1_000 / Math.max(1, latencies.length),
    operations: latencies.length,
  };
}

function sleepUntil(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, ms - performance.now())));
}
