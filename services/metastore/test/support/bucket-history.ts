import { createHash } from "node:crypto";
import { ulidFrom, ulidTimeMs } from "@hearth/runtime";
import { packOrigin, type MergedBlock } from "../../src/rebuild/group-outputs.ts";
import type { BucketBlocks } from "../../src/rebuild/plan-supersession.ts";
import { START_MS } from "./blocks.ts";

const TENANTS = ["acme", "other", "third"];
const SHARDS = [1, 2];
const MAX_LEVEL = 3;
/** Levels of tiers: made of blocks of any level from the highest that is merged on. */
const TIER_LEVELS = [4, 5];

/** An object of the modelled bucket. A row is one tenant's part of one segment. */
interface StoredBlock {
  readonly id: string;
  readonly shard: number;
  readonly level: number;
  /** Empty for a segment. */
  readonly tenant: string;
  readonly rows: ReadonlySet<string>;
  readonly origin: { readonly sources: readonly string[]; readonly outputCount: number } | undefined;
}

interface Job {
  readonly sources: readonly StoredBlock[];
  readonly outputLevel: number;
}

export interface HistoryRules {
  /** Objects go in the order in which they were replaced; else in any, and some long after what replaced them. */
  readonly deletesInOrder: boolean;
  /** Workers of several versions make other bytes of the same sources, and jobs are taken apart. */
  readonly hasRetries: boolean;
}

/**
 * What happens to a bucket while its blocks are compacted: segments come, jobs are planned, workers end anywhere, outputs replace
 * sources, and what was replaced is deleted some time later, or never.
 *
 * @param dice - decide what happens; as long as there are some.
 */
export class BucketHistory {
  readonly objects = new Map<string, StoredBlock>();
  /** What the index of the metastore has. */
  readonly registered = new Map<string, StoredBlock>();
  readonly #rules: HistoryRules;
  readonly #dice: readonly number[];
  #at = 0;
  #nowMs = START_MS;
  #jobs: Job[] = [];
  #deletable: string[] = [];

  constructor(rules: HistoryRules, dice: readonly number[]) {
    this.#rules = rules;
    this.#dice = dice;
    while (this.#at < dice.length) this.#step();
  }

  /** As a rebuild finds it. */
  bucket(): BucketBlocks {
    return bucketOf(this.objects.values());
  }

  #step(): void {
    const events = [
      () => this.#storeSegment(),
      () => this.#storeSegment(),
      () => this.#planJob(),
      () => this.#planTier(),
      () => this.#work(),
      () => this.#work(),
      () => this.#deleteOne(),
      () => this.#deleteOne(),
    ];
    events[this.#roll(events.length)]!();
  }

  #storeSegment(): void {
    const id = idOf(++this.#nowMs, [String(this.#nowMs)]);
    const tenants = TENANTS.slice(this.#roll(2), 2 + this.#roll(2));
    const rows = new Set(tenants.map((tenant) => `${tenant} ${id}`));
    this.#register({ id, shard: SHARDS[this.#roll(2)]!, level: 0, tenant: "", rows, origin: undefined });
  }

  #register(block: StoredBlock): void {
    this.objects.set(block.id, block);
    this.registered.set(block.id, block);
  }

  /** The oldest blocks of a queue, as docs/compaction.md has it. */
  #planJob(): void {
    const taken = new Set(this.#jobs.flatMap(({ sources }) => sources.map(({ id }) => id)));
    const waiting = [...this.registered.values()].filter(
      ({ id, level }) => !taken.has(id) && level < MAX_LEVEL,
    );
    const queues = [
      ...Map.groupBy(waiting, ({ shard, level, tenant }) => `${shard} ${level} ${tenant}`).values(),
    ];
    const queue = queues[this.#roll(Math.max(1, queues.length))];
    if (!queue) return;
    // A lone one, too, so that some come as far as tiers.
    const sources = queue.toSorted((a, b) => (a.id < b.id ? -1 : 1)).slice(0, 1 + this.#roll(4));
    this.#jobs.push({ sources, outputLevel: sources[0]!.level + 1 });
  }

  /** Some blocks of a tenant, shard and level, or one, become one of a tier. */
  #planTier(): void {
    const taken = new Set(this.#jobs.flatMap(({ sources }) => sources.map(({ id }) => id)));
    const outputLevel = TIER_LEVELS[this.#roll(TIER_LEVELS.length)]!;
    const due = [...this.registered.values()].filter(
      ({ id, level }) => !taken.has(id) && level >= MAX_LEVEL && level < outputLevel,
    );
    const groups = [
      ...Map.groupBy(due, ({ shard, level, tenant }) => `${shard} ${level} ${tenant}`).values(),
    ];
    const group = groups[this.#roll(Math.max(1, groups.length))];
    if (group) this.#jobs.push({ sources: group.slice(0, 1 + this.#roll(3)), outputLevel });
  }

  #work(): void {
    const job = this.#jobs[this.#roll(Math.max(1, this.#jobs.length))];
    if (!job) return;
    const version = this.#rules.hasRetries ? this.#roll(2) : 0;
    const outputs = outputsOf(job, version);
    const ends = this.#roll(this.#rules.hasRetries ? 5 : 3);
    if (ends === 1) {
      for (const output of outputs.slice(0, this.#roll(outputs.length + 1)))
        this.objects.set(output.id, output);
    } else if (ends === 4 && job.sources.length > 1) {
      this.#jobs = this.#jobs.filter((other) => other !== job);
      this.#jobs.push(...job.sources.map((source) => ({ ...job, sources: [source] })));
    } else {
      this.#jobs = this.#jobs.filter((other) => other !== job);
      for (const output of outputs) this.#register(output);
      for (const { id } of job.sources) this.registered.delete(id);
      this.#deletable.push(...job.sources.map(({ id }) => id));
    }
  }

  #deleteOne(): void {
    const at = this.#rules.deletesInOrder ? 0 : this.#roll(Math.max(1, this.#deletable.length));
    for (const id of this.#deletable.splice(at, 1)) this.objects.delete(id);
  }

  /** 0 to `sides` - 1. */
  #roll(sides: number): number {
    return (this.#dice[this.#at++] ?? 0) % sides;
  }
}

/** What a rebuild reads of these objects. */
export function bucketOf(objects: Iterable<StoredBlock>): BucketBlocks {
  const segments: { id: string; shard: number }[] = [];
  const merged: MergedBlock[] = [];
  for (const { id, shard, level, tenant, rows, origin } of objects) {
    if (level === 0) segments.push({ id, shard });
    else {
      const minTimeMs = Math.min(...[...rows].map((row) => ulidTimeMs(row.split(" ")[1]!)));
      merged.push({ id, shard, level, tenant, minTimeMs, origin: origin && packOrigin(origin) });
    }
  }
  return { segments, merged };
}

function outputsOf({ sources, outputLevel }: Job, version: number): StoredBlock[] {
  const rows = sources.flatMap((source) => [...source.rows]).toSorted();
  const byTenant = Map.groupBy(new Set(rows), (row) => row.split(" ")[0]!);
  const ids = sources.map(({ id }) => id).toSorted();
  const newestMs = Math.max(...ids.map(ulidTimeMs));
  const { shard } = sources[0]!;
  return [...byTenant].map(([tenant, own]) => ({
    id: idOf(newestMs, [...ids, tenant, String(version), String(outputLevel)]),
    shard,
    level: outputLevel,
    tenant,
    rows: new Set(own),
    origin: { sources: ids, outputCount: byTenant.size },
  }));
}

function idOf(timeMs: number, content: readonly string[]): string {
  return ulidFrom(timeMs, createHash("sha256").update(content.join()).digest().subarray(0, 10));
}
