import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";
import { blockMetaToWire } from "@hearth/block";
import { encodeAddBlocks, STATE_VERSION, TIERS_VERSION } from "../../src/index-state/command-codec.ts";
import type { CommandResult } from "../../src/index-state/command-result.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import {
  gatherRuleOf,
  planTiers,
  tierCutoffsOf,
  TIER_SETTLE_MS,
  type TierAges,
} from "../../src/tiers/plan-until.ts";
import { block, START_MS, ulidAt } from "../support/blocks.ts";

const DAY_MS = 24 * 3_600_000;
const LIMITS = { maxDatasetBytes: 1_000, maxBlockBytes: 2_000, minBlocks: 4 };
const { signal } = new AbortController();

describe("the time before which days are summed", () => {
  const ages: Record<string, Record<string, number>> = {
    acme: { "5m": DAY_MS, "1h": 30 * DAY_MS },
    globex: { "5m": 0, "1h": 2 * DAY_MS },
    umbrella: { "5m": 0, "1h": 0 },
  };
  const tierAgesOf: TierAges = (tenant) => ages[tenant] ?? {};

  it("is that of each tenant and tier, with some time to settle; whose data stays as it came has none", () => {
    const settleMs = TIER_SETTLE_MS;
    const nowMs = START_MS + settleMs;
    expect(tierCutoffsOf(["acme", "globex", "umbrella", "other"], { nowMs, settleMs, tierAgesOf })).toEqual([
      { tenant: "acme", level: 5, beforeMs: START_MS - DAY_MS },
      { tenant: "acme", level: 6, beforeMs: START_MS - 30 * DAY_MS },
      { tenant: "globex", level: 6, beforeMs: START_MS - 2 * DAY_MS },
    ]);
  });

  it("is none while there is less time behind", () => {
    expect(tierCutoffsOf(["acme"], { nowMs: DAY_MS, settleMs: 0, tierAgesOf })).toEqual([]);
  });
});

describe("the days whose blocks are gathered", () => {
  it("are those that ended in the last two days, with some time to settle", () => {
    expect(
      gatherRuleOf({ nowMs: START_MS + TIER_SETTLE_MS, settleMs: TIER_SETTLE_MS }, LIMITS),
    ).toMatchObject({
      sinceMs: START_MS - 2 * DAY_MS,
      beforeMs: START_MS,
      ...LIMITS,
    });
  });

  it.each([
    ["while there is less time behind", DAY_MS, 1_000],
    ["where no size is given", START_MS, 0],
  ])("are none %s", (_, nowMs, maxDatasetBytes) => {
    expect(gatherRuleOf({ nowMs, settleMs: 0 }, { ...LIMITS, maxDatasetBytes })).toBeUndefined();
  });
});

describe("a leader that plans tiers", () => {
  function bench({ version = STATE_VERSION, days = 3, age = DAY_MS, gatherDatasetBytes = 0 } = {}) {
    const state = new MetastoreState();
    const stampNanos = BigInt(START_MS + days * DAY_MS) * 1_000_000n;
    const random = seededRandom(4);
    const blocks = [1, 2].map((shard) =>
      block(ulidAt(START_MS, random), { tenant: "acme", level: 3, shard }),
    );
    state.apply(
      encodeAddBlocks(
        blocks.map((one) => blockMetaToWire(one)),
        { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() },
      ),
    );
    let proposals = 0;
    const propose = async (encode: (envelope: { version: number; stampNanos: bigint }) => Uint8Array) => {
      proposals++;
      return state.apply(encode({ version, stampNanos })) as Exclude<
        CommandResult,
        { type: "rejected" | "unsupported" }
      >;
    };
    const deps = {
      proposer: { commandVersion: version, propose },
      state: () => state,
      tierAgesOf: () => ({ "5m": age }),
      gatherDatasetBytes,
    };
    return { state, plan: () => planTiers(deps, signal), proposals: () => proposals };
  }

  it("has jobs made of what is due, once", async () => {
    const { plan, proposals, state } = bench();
    expect(await plan()).toEqual({ jobCount: 2, isComplete: true });
    expect(await plan()).toEqual({ jobCount: 0, isComplete: true });
    expect([proposals(), state.compaction.jobs.count]).toEqual([1, 2]);
  });

  it.each([
    ["no tenant wants it", { age: 0 }],
    ["nothing is old enough", { days: 1 }],
    ["there are too few blocks to gather", { age: 0, gatherDatasetBytes: 1_000 }],
    ["a node of an older version could not apply it", { version: TIERS_VERSION - 1 }],
  ])("proposes nothing while %s", async (_, sketch) => {
    const { plan, proposals } = bench(sketch);
    expect(await plan()).toEqual({ jobCount: 0, isComplete: true });
    expect(proposals()).toBe(0);
  });
});
