import { describe, expect, it } from "@jest/globals";
import { DataLossError } from "@hearth/errors";
import { systemClock } from "@hearth/runtime";
import { MetricRegistry } from "@hearth/telemetry";

import { encodedColumns, encodedTree } from "../../test/answers.ts";
import { queryFrontendMetrics } from "../metrics.ts";
import { Merger } from "./merger.ts";

// Made anew for each call: a merger is given its parts for good.
const trees = (): Uint8Array[] => [encodedTree("main;a 5", "main;b 1"), encodedTree("main;a 2", "c 3")];
const columns = (): Uint8Array[] => [encodedColumns("main;a 5")];
const signal = new AbortController().signal;
const whole = { maxNodes: 0, format: "binary" } as const;
const options = {
  header: {
    sampleType: "cpu",
    sampleUnit: "nanoseconds",
    periodType: "",
    periodUnit: "",
    period: 1n,
    timeNanos: 0n,
  },
  maxNodes: 0,
  goPgo: undefined,
  format: "binary",
} as const;

function newMerger(workerMergeBytes: number): Merger {
  const metrics = queryFrontendMetrics(new MetricRegistry());
  return new Merger({ workerMergeBytes, mergeWorkers: 1 }, { clock: systemClock, metrics });
}

describe("Merger", () => {
  it("answers the same in a worker thread as on the main one", async () => {
    await using here = newMerger(1e9);
    await using away = newMerger(0);
    const graph = { maxNodes: 2, format: "json" } as const;
    expect(Buffer.from(await away.flameGraph(trees(), graph, signal))).toEqual(
      Buffer.from(await here.flameGraph(trees(), graph, signal)),
    );
    expect(Buffer.from(await away.diff({ left: trees(), right: [] }, graph, signal))).toEqual(
      Buffer.from(await here.diff({ left: trees(), right: [] }, graph, signal)),
    );
    expect(Buffer.from(await away.tree(trees(), 2, signal))).toEqual(
      Buffer.from(await here.tree(trees(), 2, signal)),
    );
    expect(Buffer.from(await away.pprof(columns(), options, signal))).toEqual(
      Buffer.from(await here.pprof(columns(), options, signal)),
    );
  });

  it.each([
    { place: "on the main thread", workerMergeBytes: 1e9 },
    { place: "in a worker thread", workerMergeBytes: 0 },
  ])("says $place that bytes are damaged", async ({ workerMergeBytes }) => {
    await using merger = newMerger(workerMergeBytes);
    await expect(merger.flameGraph([Uint8Array.of(9)], whole, signal)).rejects.toThrow(DataLossError);
  });

  it("closes twice without harm", async () => {
    const merger = newMerger(0);
    await merger.flameGraph(trees(), whole, signal);
    await merger[Symbol.asyncDispose]();
    await merger[Symbol.asyncDispose]();
    expect(merger).toBeInstanceOf(Merger);
  });
});
