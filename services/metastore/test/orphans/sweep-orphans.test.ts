import { describe, expect, it } from "@jest/globals";
import { blockMetaToWire, type BlockMeta } from "@hearth/block";
import { UnavailableError } from "@hearth/errors";
import { blockObjectKey, deadLetterKey, MemoryObjectStore, type ObjectStore } from "@hearth/object-store";
import { seededRandom, systemRandom } from "@hearth/runtime";
import { memoryLogger, MetricRegistry } from "@hearth/telemetry";
import { CommandProposer } from "../../src/command-proposer.ts";
import { encodeAddBlocks, encodeExpireBlocks, STATE_VERSION } from "../../src/index-state/command-codec.ts";
import { MetastoreStateMachine } from "../../src/metastore-state-machine.ts";
import { metastoreMetrics } from "../../src/metrics.ts";
import { isUnbelievable, judgeOutput } from "../../src/orphans/judge-sweep.ts";
import { sweepOrphans } from "../../src/orphans/sweep-orphans.ts";
import { sweepUntil } from "../../src/orphans/sweep-until.ts";
import { blockObject, putObjects, type BlockObject } from "../support/block-objects.ts";
import { block, dataset, START_MS, ulidAt } from "../support/blocks.ts";

const { signal } = new AbortController();
const random = seededRandom(5);
const MINUTE_MS = 60_000;
const GRACE_MS = 60 * MINUTE_MS;
const settings = { orphanGraceMs: GRACE_MS, orphanMaxShare: 0.1, orphanIncludesOld: false };

/** A leader whose log is in memory, and a bucket. */
class Fixture {
  readonly stateMachine = new MetastoreStateMachine();
  readonly registry = new MetricRegistry();
  readonly metrics = metastoreMetrics(this.registry);
  nowMs = START_MS;
  version = STATE_VERSION;
  commandCount = 0;
  readonly #clock = {
    nowMs: () => this.nowMs,
    nowNanos: () => BigInt(this.nowMs) * 1_000_000n,
    monotonicMs: () => this.nowMs,
    sleep: async () => {},
  };
  readonly bucket = new MemoryObjectStore({ clock: this.#clock });
  objectStore: Pick<ObjectStore, "list" | "getRange"> = this.bucket;

  /** Its watch began at `START_MS`; ids of now are believed. */
  static async old(): Promise<Fixture> {
    const fixture = new Fixture();
    await fixture.sweep();
    fixture.wait(GRACE_MS);
    return fixture;
  }

  get deps() {
    const { bucket: _, objectStore, stateMachine, metrics } = this;
    const clock = this.#clock;
    const log = {
      propose: async (command: Uint8Array) => {
        this.commandCount++;
        const outcome = stateMachine.apply(command);
        if (outcome.type === "unsupported") throw new Error(outcome.reason);
        return outcome.result;
      },
    };
    const parts = { log: log as never, stateMachine, clock, commandVersion: () => this.version, metrics };
    const proposer = new CommandProposer(parts, { applyTimeoutMs: 1_000 });
    const state = () => stateMachine.state;
    const reader = {
      read: async <T>(_: AbortSignal, answer: (now: ReturnType<typeof state>) => T) => answer(state()),
    };
    return { objectStore, proposer, reader, state, clock, random: systemRandom };
  }

  sweep(changes: Partial<typeof settings> = {}) {
    return sweepOrphans(this.deps, { ...settings, ...changes }, signal);
  }

  /** As time goes on where workers poll. */
  wait(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs = Math.min(endMs, this.nowMs + 5 * MINUTE_MS);
      this.apply(encodeAddBlocks([], this.envelope));
    }
  }

  register(...metas: readonly BlockMeta[]): void {
    this.apply(encodeAddBlocks(metas.map(blockMetaToWire), this.envelope));
  }

  /** All that is registered goes. */
  expireAll(): void {
    const cutoffs = new Map([["acme", START_MS * 2]]);
    this.apply(encodeExpireBlocks({ cutoffs, maxBlocks: 10_000 }, this.envelope));
  }

  apply(command: Uint8Array): void {
    this.stateMachine.apply(command);
  }

  async put(...objects: readonly BlockObject[]): Promise<void> {
    await putObjects(this.bucket, objects);
  }

  async putLetter({ meta }: BlockObject): Promise<void> {
    await this.bucket.put(deadLetterKey(meta), new Uint8Array(1), {}, signal);
  }

  segment(): BlockObject {
    return blockObject(ulidAt(this.nowMs, random));
  }

  segments(count: number): BlockObject[] {
    return Array.from({ length: count }, () => this.segment());
  }

  /** What a job makes of sources. */
  output(...sources: readonly BlockObject[]): BlockObject {
    const origin = { sources: sources.map(({ meta }) => meta.id), outputCount: 1 };
    const fields = { level: 1, tenant: "acme", datasets: [dataset()] };
    return blockObject(ulidAt(this.nowMs, random), { ...fields, origin });
  }

  get candidates(): string[] {
    return Array.from(this.stateMachine.state.compaction.orphans.all(), ({ id }) => id);
  }

  get envelope() {
    const stampNanos = BigInt(this.nowMs) * 1_000_000n;
    return { version: STATE_VERSION, stampNanos, requestId: new Uint8Array() };
  }
}

const NOTHING = { type: "complete", noted: 0, removed: 0, old: 0, unfinished: 0, unreadable: 0 };

describe("a sweep", () => {
  it("notes what neither the index nor a dead letter knows, and has it deleted after the grace", async () => {
    const fixture = await Fixture.old();
    const [expired, registered, lettered, orphan] = fixture.segments(4) as [
      BlockObject,
      BlockObject,
      BlockObject,
      BlockObject,
    ];
    await fixture.put(expired, registered, lettered, orphan);
    fixture.register(expired.meta);
    fixture.expireAll();
    fixture.register(registered.meta);
    await fixture.putLetter(lettered);
    await fixture.bucket.put("segments/1/anonymous/README", new Uint8Array(1), {}, signal);
    expect(await fixture.sweep()).toEqual({ ...NOTHING, objectCount: 4, noted: 1 });
    expect(fixture.candidates).toEqual([orphan.meta.id]);
    fixture.wait(GRACE_MS);
    expect(await fixture.sweep()).toEqual({ ...NOTHING, objectCount: 4, removed: 1 });
    const { tombstones } = fixture.stateMachine.state.compaction;
    const found = tombstones.get(orphan.meta.id);
    expect(found?.isOrphan).toBe(true);
    expect(blockObjectKey(found!)).toBe(orphan.key);
    expect(await fixture.sweep()).toEqual({ ...NOTHING, objectCount: 4 });
  });

  it("leaves outputs alone that a job may still register, and those that cannot be read", async () => {
    const fixture = await Fixture.old();
    const [first, second, gone] = fixture.segments(3) as [BlockObject, BlockObject, BlockObject];
    fixture.register(gone.meta);
    fixture.expireAll();
    fixture.register(first.meta, second.meta);
    const unfinished = fixture.output(first, second);
    const orphan = fixture.output(first, gone);
    const damaged = { ...fixture.output(gone), bytes: new Uint8Array(50) };
    const unnamed = blockObject(ulidAt(fixture.nowMs, random), { level: 1, tenant: "acme" });
    await fixture.put(unfinished, orphan, damaged, unnamed);
    const want = { ...NOTHING, objectCount: 4, noted: 1, unfinished: 1, unreadable: 2 };
    expect(await fixture.sweep()).toEqual(want);
    expect(fixture.candidates).toEqual([orphan.meta.id]);
    expect(blockObjectKey([...fixture.stateMachine.state.compaction.orphans.all()][0]!)).toBe(orphan.key);
    // When the sources have gone, nobody registers it any more.
    fixture.expireAll();
    expect(await fixture.sweep()).toEqual({ ...want, unfinished: 0 });
  });

  it.each([
    {
      name: "registered",
      act: async (fixture: Fixture, { meta }: BlockObject) => fixture.register(meta),
    },
    {
      name: "named by a dead letter",
      act: (fixture: Fixture, object: BlockObject) => fixture.putLetter(object),
    },
  ])("does not note what is $name while it lists", async ({ act }) => {
    const fixture = await Fixture.old();
    const segment = fixture.segment();
    await fixture.put(segment);
    fixture.objectStore = {
      getRange: fixture.bucket.getRange.bind(fixture.bucket),
      async *list(prefix, options, stop) {
        yield* fixture.bucket.list(prefix, options, stop);
        if (prefix === "segments/") await act(fixture, segment);
      },
    };
    expect(await fixture.sweep()).toEqual({ ...NOTHING, objectCount: 1 });
    expect(fixture.candidates).toEqual([]);
  });

  it("notes nothing, and forgets nothing, when the listing fails", async () => {
    const fixture = await Fixture.old();
    await fixture.put(...fixture.segments(3));
    await fixture.sweep();
    const before = fixture.candidates;
    expect(before).toHaveLength(3);
    await fixture.put(fixture.segment());
    const { objectStore } = fixture;
    fixture.objectStore = {
      ...objectStore,
      async *list(prefix, options, stop) {
        for await (const entry of fixture.bucket.list(prefix, options, stop)) yield entry;
        if (prefix === "segments/") throw new UnavailableError("the bucket is away");
      },
    };
    await expect(fixture.sweep()).rejects.toThrow("the bucket is away");
    expect(fixture.candidates).toEqual(before);
  });

  it("says what it found in several commands, and forgets what it did not find after the last", async () => {
    const fixture = await Fixture.old();
    const gone = fixture.segment();
    await fixture.put(gone);
    await fixture.sweep();
    fixture.wait(MINUTE_MS);
    await fixture.bucket.delete(gone.key, signal);
    await fixture.put(...fixture.segments(1_201));
    const { commandCount } = fixture;
    const outcome = await fixture.sweep({ orphanMaxShare: 1 });
    expect(outcome).toEqual({ ...NOTHING, objectCount: 1_201, noted: 1_201 });
    expect(fixture.commandCount - commandCount).toBe(3);
    expect(fixture.candidates).toHaveLength(1_201);
    expect(fixture.candidates).not.toContain(gone.meta.id);
  });

  it("does not begin while a node could not apply it", async () => {
    const fixture = new Fixture();
    fixture.version = 2;
    await fixture.put(fixture.segment());
    expect(await fixture.sweep()).toEqual({ type: "too-early" });
    expect(fixture.commandCount).toBe(0);
  });
});

describe("a metastore that has lost its files", () => {
  it("removes nothing of a full bucket, and says that the index is lost", async () => {
    const fixture = new Fixture();
    await fixture.put(...fixture.segments(150));
    const refused = { type: "refused", objectCount: 150, unknownCount: 150 };
    expect(await fixture.sweep()).toEqual(refused);
    fixture.wait(9 * GRACE_MS);
    expect(await fixture.sweep()).toEqual(refused);
    expect(fixture.commandCount).toBe(0);
  });

  it("removes nothing of a small bucket", async () => {
    const fixture = new Fixture();
    await fixture.put(...fixture.segments(50));
    for (let n = 0; n < 4; n++) {
      expect(await fixture.sweep()).toEqual({ ...NOTHING, objectCount: 50, old: 50 });
      fixture.wait(GRACE_MS);
    }
    expect(fixture.stateMachine.state.compaction.tombstones.count).toBe(0);
  });

  it("takes up again what a rebuild left out, when that is asked for", async () => {
    const fixture = new Fixture();
    await fixture.put(...fixture.segments(50));
    await fixture.sweep({ orphanIncludesOld: true });
    fixture.wait(GRACE_MS);
    const outcome = await fixture.sweep({ orphanIncludesOld: true });
    expect(outcome).toEqual({ ...NOTHING, objectCount: 50, removed: 50 });
  });
});

describe("isUnbelievable", () => {
  it.each([
    { objectCount: 100, unknownCount: 100, maxShare: 0.1, want: false },
    { objectCount: 101, unknownCount: 101, maxShare: 0.1, want: true },
    { objectCount: 1_010, unknownCount: 101, maxShare: 0.1, want: false },
    { objectCount: 1_009, unknownCount: 101, maxShare: 0.1, want: true },
    { objectCount: 200, unknownCount: 200, maxShare: 1, want: false },
    { objectCount: 0, unknownCount: 0, maxShare: 0, want: false },
  ])("$unknownCount of $objectCount, of which $maxShare may be: $want", ({ maxShare, want, ...sweep }) => {
    expect(isUnbelievable(sweep, maxShare)).toBe(want);
  });
});

describe("judgeOutput", () => {
  const [first = "", second = ""] = [1, 2].map((n) => ulidAt(START_MS + n, random));
  it.each([
    { name: "all sources are registered", registered: [first, second], want: "unfinished" },
    { name: "one source has gone", registered: [second], want: "orphan" },
    { name: "all sources have gone", registered: [], want: "orphan" },
  ])("$name: $want", ({ registered, want }) => {
    const origin = { sources: [first, second], outputCount: 1 };
    expect(judgeOutput(origin, (id) => registered.includes(id))).toBe(want);
  });

  it("knows nothing without the sources", () => {
    expect(judgeOutput(block(first).origin, () => false)).toBe("unreadable");
  });
});

describe("the loop of the leader", () => {
  /** Lets so many sweeps happen. */
  async function run(fixture: Fixture, rounds: number, isLeader = true) {
    const stop = new AbortController();
    const { logger, events } = memoryLogger();
    let left = rounds;
    const sleep = async (): Promise<void> => {
      if (left-- === 0) stop.abort();
      stop.signal.throwIfAborted();
    };
    const clock = { ...fixture.deps.clock, sleep };
    const { metrics } = fixture;
    const deps = { ...fixture.deps, clock, metrics, logger, isLeader: () => isLeader };
    const looped = sweepUntil(deps, { ...settings, orphanSweepIntervalMs: 1 }, stop.signal);
    await expect(looped).rejects.toThrow(/abort/u);
    return { events, text: (await fixture.registry.expose()).body };
  }

  it("counts what it finds, and says so", async () => {
    const fixture = await Fixture.old();
    await fixture.put(fixture.segment());
    const { events, text } = await run(fixture, 1);
    expect(events).toEqual([
      expect.objectContaining({ level: "info", message: "the bucket was searched for orphans" }),
    ]);
    expect(text).toContain("metastore_index_orphans_noted_total 1");
    expect(text).toContain('metastore_index_orphan_sweeps_total{outcome="complete"} 1');
    expect(text).toContain(`orphan_sweep_last_success_timestamp_seconds ${fixture.nowMs / 1000}`);
  });

  it("says once a sweep that the index must be rebuilt, and notes nothing", async () => {
    const fixture = await Fixture.old();
    await fixture.put(...fixture.segments(101));
    const { events, text } = await run(fixture, 2);
    expect(events.map(({ level }) => level)).toEqual(["error", "error"]);
    expect(events[0]?.message).toMatch(/rebuild-index/u);
    expect(text).toContain('metastore_index_orphan_sweeps_total{outcome="refused"} 2');
    expect(fixture.candidates).toEqual([]);
  });

  it("does nothing at a node that does not lead", async () => {
    const fixture = await Fixture.old();
    await fixture.put(fixture.segment());
    await run(fixture, 2, false);
    expect(fixture.candidates).toEqual([]);
  });
});
