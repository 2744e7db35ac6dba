import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { DeadlineExceededError, InvalidArgumentError, UnavailableError } from "@hearth/errors";
import { BlockMetaSchema, type BlockMeta } from "@hearth/proto/hearth/block/v1";

import type { IndexFault } from "../../test/support/fakes.ts";
import { settled } from "@hearth/testing";
import { makeHarness } from "../../test/support/writer-harness.ts";
import { BlockRefusedError } from "./block-registrar.ts";

function block(id: string): BlockMeta {
  return create(BlockMetaSchema, { id, shard: 1 });
}

function harness(faults: readonly IndexFault[]) {
  const made = makeHarness({ indexFault: (call) => faults[call] ?? {} });
  const groups = (): string[][] => made.index.calls.map(({ blocks }) => blocks.map(({ id }) => id));
  return { ...made, groups };
}

describe("BlockRegistrar", () => {
  it("registers a single block at once", async () => {
    const { registrar, groups } = harness([]);
    await registrar.register(block("a"), 100);
    expect(groups()).toEqual([["a"]]);
  });

  it("puts those who come together, or while a proposal is under way, into one", async () => {
    const { registrar, clock, groups } = harness([{ delayMs: 30 }]);
    const first = ["a", "b", "c"].map((id) => registrar.register(block(id), 100));
    await clock.advance(10);
    const second = ["d", "e"].map((id) => registrar.register(block(id), 100));
    await clock.advance(20);
    await Promise.all([...first, ...second]);
    expect(groups()).toEqual([
      ["a", "b", "c"],
      ["d", "e"],
    ]);
  });

  it("splits what is too large for one entry of the log", async () => {
    const { registrar, groups } = harness([]);
    const sizes = [600_000, 500_000, 400_000, 5_000_000, 1];
    await Promise.all(sizes.map((size, index) => registrar.register(block(String(index)), size)));
    expect(groups()).toEqual([["0"], ["1", "2"], ["3"], ["4"]]);
  });

  it("tries again, as the same request, until the metastore is back", async () => {
    const error = new UnavailableError("no leader");
    const { registrar, clock, index } = harness([{ error }, { replyIsLost: error }, {}]);
    const registered = registrar.register(block("a"), 100);
    await clock.advance(1000);
    await registered;
    const ids = index.calls.map(({ requestId }) => Buffer.from(requestId).toString("hex"));
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
    await registrar.register(block("b"), 100);
    expect(Buffer.from(index.calls[3]?.requestId ?? []).toString("hex")).not.toBe(ids[0]);
  });

  it("does not repeat what cannot succeed", async () => {
    const error = new InvalidArgumentError("bad block");
    const { registrar, index } = harness([{ error }]);
    await expect(registrar.register(block("a"), 100)).rejects.toBe(error);
    expect(index.calls).toHaveLength(1);
  });

  it("tells the one that was refused, and only that", async () => {
    const { registrar } = harness([{ refusal: "unknown format" }]);
    const results = await Promise.allSettled(["a", "b"].map((id) => registrar.register(block(id), 100)));
    expect(results).toMatchObject([{ status: "rejected" }, { status: "fulfilled" }]);
    expect(results[0]).toMatchObject({ reason: expect.any(BlockRefusedError) });
  });

  it("lets each go after its own time, also those that only waited for their turn", async () => {
    const { registrar, clock, groups } = harness([{ delayMs: Infinity }]);
    const results: string[] = [];
    const register = (id: string): void => {
      registrar.register(block(id), 100).catch((error: unknown) => {
        results.push(`${clock.monotonicMs()} ${id} ${error instanceof DeadlineExceededError}`);
      });
    };
    register("a");
    await clock.advance(1500);
    register("b");
    await clock.advance(499);
    expect(results).toEqual([]);
    await clock.advance(1);
    expect(results).toEqual(["2000 a true"]);
    await settled();
    expect(groups()).toEqual([["a"], ["b"]]);
  });
});
