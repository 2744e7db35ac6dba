import { describe, expect, it } from "@jest/globals";
import {
  CanceledError,
  Code,
  DataLossError,
  DeadlineExceededError,
  type DomainError,
  NotFoundError,
  ResourceExhaustedError,
  UnavailableError,
} from "@hearth/errors";

import { blockMeta, END_MS, START_MS, testFrontend, type TestFrontend } from "../../test/fakes.ts";
import { LABEL_SECTIONS, TREE_SECTIONS } from "./planned-blocks.ts";
import type { Query } from "./query-executor.ts";

const scope = {
  tenants: ["acme", "umbrella"],
  range: { startMs: START_MS, endMs: END_MS },
  matchers: [{ name: "a", value: "b" }],
  sections: LABEL_SECTIONS,
};
const query: Query = { case: "labelNames", value: {} };

function run({ frontend }: TestFrontend, signal = new AbortController().signal) {
  return frontend.executor.run(scope, query, signal);
}

describe("QueryExecutor.run", () => {
  it("asks the metastore, then a backend for each leaf, about the same scope", async () => {
    const test = testFrontend({}, { leafBytes: 1 });
    const [first, second] = [blockMeta({ id: "A", shard: 1 }), blockMeta({ id: "B", shard: 2 })];
    test.metastore.blocks = [[first, second]];
    test.backend.answer = ({ blocks = [] }) => ({
      case: "labelNames",
      value: { names: [blocks[0]?.id ?? ""] },
    });
    const reports = await run(test);
    const common = {
      tenants: scope.tenants,
      startTimeMs: BigInt(START_MS),
      endTimeMs: BigInt(END_MS),
      matchers: scope.matchers,
    };
    expect(test.metastore.queries).toEqual([common]);
    expect(test.backend.requests).toEqual([
      { ...common, queries: [{ query }], blocks: [first] },
      { ...common, queries: [{ query }], blocks: [second] },
    ]);
    expect(reports.map(({ report }) => report.value)).toMatchObject([{ names: ["A"] }, { names: ["B"] }]);
  });

  it("reads blocks of one shard in parts of their time, and none outside of the range", async () => {
    // Two blocks of 50 bytes fill a leaf.
    const test = testFrontend({}, { leafBytes: 110 });
    const cuts = [-3_000, -2_000, -1_000, 1_000].map((ms) => START_MS + ms);
    const blocks = cuts.map((cutMs, n) =>
      blockMeta({
        id: `B${n}`,
        level: 3,
        minTimeMs: BigInt(cutMs),
        maxTimeMs: BigInt(cuts[n + 1] ?? END_MS),
      }),
    );
    test.metastore.blocks = [blocks];
    test.backend.answer = () => ({ case: "tree", value: { tree: new Uint8Array() } });
    const trees: Query = { case: "tree", value: {} };
    const sections = TREE_SECTIONS;
    await test.frontend.executor.run({ ...scope, sections }, trees, new AbortController().signal);
    const asked = test.backend.requests.map(({ startTimeMs, endTimeMs, wholeEndMs, blocks: read = [] }) => ({
      from: Number(startTimeMs),
      to: Number(endTimeMs),
      isCut: wholeEndMs === true,
      read: read.map(({ id }) => id),
    }));
    expect(asked).toEqual([
      { from: START_MS, to: START_MS + 999, isCut: true, read: ["B1", "B2"] },
      { from: START_MS + 1_000, to: END_MS, isCut: false, read: ["B2", "B3"] },
    ]);
  });

  it("asks no backend when no block matches", async () => {
    const test = testFrontend();
    test.metastore.blocks = [[]];
    expect(await run(test)).toEqual([]);
    expect(test.backend.requests).toEqual([]);
  });

  it("counts only the sections that the query reads", async () => {
    const { frontend } = testFrontend();
    const signal = new AbortController().signal;
    expect((await frontend.executor.plan(scope, signal)).readBytes).toBe(10);
    expect((await frontend.executor.plan({ ...scope, sections: TREE_SECTIONS }, signal)).readBytes).toBe(50);
  });

  it("plans once more when an object has vanished, and uses nothing of the first attempt", async () => {
    const test = testFrontend();
    const [old, compacted] = [blockMeta({ id: "OLD" }), blockMeta({ id: "NEW" })];
    test.metastore.blocks = [[old], [compacted]];
    test.backend.answer = ({ blocks = [] }) => {
      if (blocks[0]?.id === "OLD") throw new NotFoundError("block not found: block=OLD");
      return { case: "labelNames", value: { names: ["a"] } };
    };
    expect(await run(test)).toHaveLength(1);
    expect(test.metastore.queries).toHaveLength(2);
  });

  it("says so when the object is still missing", async () => {
    const test = testFrontend();
    test.backend.answer = () => {
      throw new NotFoundError("block not found: block=OLD");
    };
    await expect(run(test)).rejects.toThrow(DataLossError);
    expect(test.metastore.queries).toHaveLength(2);
    expect((await test.metrics.expose()).body).toContain("pyroscope_query_frontend_missing_objects_total 1");
  });

  it.each<{ name: string; failure: DomainError; code: Code; message: string }>([
    {
      name: "unavailable stays unavailable",
      failure: new UnavailableError("no backend"),
      code: Code.Unavailable,
      message: "no backend",
    },
    {
      name: "exhausted stays exhausted",
      failure: new ResourceExhaustedError("too many reads"),
      code: Code.ResourceExhausted,
      message: "too many reads",
    },
    {
      name: "a cancel has the known text",
      failure: new CanceledError("gone"),
      code: Code.Canceled,
      message: "the request was cancelled by the client",
    },
    {
      name: "a deadline has the known text",
      failure: new DeadlineExceededError("late"),
      code: Code.DeadlineExceeded,
      message: "request timed out, decrease the duration",
    },
  ])("$name", async ({ failure, code, message }) => {
    const test = testFrontend();
    test.backend.answer = () => {
      throw failure;
    };
    await expect(run(test)).rejects.toMatchObject({ code, message: expect.stringContaining(message) });
    test.metastore.failure = failure;
    await expect(run(test)).rejects.toMatchObject({ code });
  });

  it("stops the other reads when one fails", async () => {
    const test = testFrontend({}, { leafBytes: 1 });
    test.metastore.blocks = [[blockMeta({ id: "A", shard: 1 }), blockMeta({ id: "B", shard: 2 })]];
    const stopped: string[] = [];
    test.backend.answer = ({ blocks = [] }, signal) => {
      if (blocks[0]?.id === "B") throw new UnavailableError("no backend");
      return new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          stopped.push("A");
          reject(signal.reason as Error);
        });
      });
    };
    await expect(run(test)).rejects.toMatchObject({ code: Code.Unavailable });
    expect(stopped).toEqual(["A"]);
  });

  it("stops its reads when the caller goes away", async () => {
    const test = testFrontend();
    const caller = new AbortController();
    test.backend.answer = (_, signal) => {
      caller.abort(new CanceledError("gone"));
      throw signal.reason;
    };
    await expect(run(test, caller.signal)).rejects.toMatchObject({ code: Code.Canceled });
  });

  it("gives up after its time, whatever its reads throw then", async () => {
    const test = testFrontend({}, { queryTimeoutMs: 1 });
    test.backend.answer = (_, signal) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener("abort", () => reject(new Error("socket hang up")));
      });
    await expect(run(test)).rejects.toMatchObject({
      code: Code.DeadlineExceeded,
      message: expect.stringContaining("request timed out"),
    });
  });

  it("runs no more reads at once than allowed", async () => {
    const test = testFrontend({}, { leafBytes: 1, maxConcurrentReads: 2 });
    test.metastore.blocks = [Array.from({ length: 6 }, (_, i) => blockMeta({ id: `B${i}`, shard: i + 1 }))];
    let running = 0;
    let most = 0;
    test.backend.answer = async () => {
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      return { case: "labelNames", value: {} };
    };
    expect(await run(test)).toHaveLength(6);
    expect(most).toBe(2);
  });

  it("refuses to read more than allowed", async () => {
    const test = testFrontend({}, { maxReadBytes: 9 });
    await expect(run(test)).rejects.toMatchObject({ code: Code.ResourceExhausted });
  });

  it("counts what was fetched for whom", async () => {
    const test = testFrontend();
    await run(test);
    const { body } = await test.metrics.expose();
    expect(body).toContain(
      'pyroscope_query_frontend_fetched_bytes_total{tenant="acme|umbrella",kind="object_storage"} 10',
    );
    expect(body).toMatch(/fetched_bytes_total\{tenant="acme\|umbrella",kind="metastore"\} \d+/);
    expect(body).toContain("pyroscope_query_frontend_estimation_accuracy_ratio_sum 1");
  });
});
