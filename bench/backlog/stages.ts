/** What an acknowledgement waits for, by the server's own histograms, without the prefix of their names. */
const STAGES = [
  ["segment: close to answer", "segment_flush_segment_duration_seconds"],
  ["segment: build", "segment_flush_heads_duration_seconds"],
  ["segment: upload", "segment_writer_upload_duration_seconds"],
  ["segment: register", "segment_writer_store_metadata_duration_seconds"],
  ["log: command", "metastore_raft_apply_command_duration_seconds"],
  ["log: write and sync", "metastore_raft_log_store_write_duration_seconds"],
] as const;

/** Of the event loop, since the server began. */
const LOOP_P99 = "nodejs_eventloop_lag_p99_seconds";
const LOOP_MOST = "nodejs_eventloop_lag_max_seconds";

export interface Stage {
  readonly name: string;
  readonly count: number;
  readonly meanMs: number;
  /** The upper bound of the bucket in which it lies. */
  readonly p99Ms: number;
}

/** @param exposition - what `/metrics` answers. */
export function stagesOf(exposition: string): { stages: Stage[]; loop: { p99Ms: number; mostMs: number } } {
  const lines = exposition.split("\n").map((line) => /^(\w+?)(?:\{(.*)\})? (\S+)$/u.exec(line));
  const series = lines.flatMap((match) =>
    match ? [{ name: match[1]!, labels: match[2] ?? "", value: Number(match[3]) }] : [],
  );
  const sumOf = (name: string): number =>
    series.filter((one) => one.name.endsWith(name)).reduce((sum, { value }) => sum + value, 0);
  const stages = STAGES.map(([name, metric]) => {
    const count = sumOf(`${metric}_count`);
    const byBound = new Map<number, number>();
    for (const { name: own, labels, value } of series) {
      const bound = own.endsWith(`${metric}_bucket`) && /le="([^"]+)"/u.exec(labels)?.[1];
      if (bound) byBound.set(boundOf(bound), (byBound.get(boundOf(bound)) ?? 0) + value);
    }
    const p99 = [...byBound].sort(([a], [b]) => a - b).find(([, below]) => below >= 0.99 * count)?.[0] ?? NaN;
    return { name, count, meanMs: (sumOf(`${metric}_sum`) / count) * 1_000, p99Ms: p99 * 1_000 };
  });
  return { stages, loop: { p99Ms: sumOf(LOOP_P99) * 1_000, mostMs: sumOf(LOOP_MOST) * 1_000 } };
}

function boundOf(text: string): number {
  return text === "+Inf" ? Infinity : Number(text);
}
