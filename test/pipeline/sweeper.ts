import { BLOCKS_PREFIX, DEAD_LETTERS_PREFIX, parseObjectKey, SEGMENTS_PREFIX } from "@hearth/object-store";

import { encodeNoteOrphans } from "../../services/metastore/src/index-state/command-codec.ts";
import { isUnbelievable, judgeOutput } from "../../services/metastore/src/orphans/judge-sweep.ts";
import type { BlockPlace } from "../../services/metastore/src/index-state/block-place.ts";
import { blockPlaceOf } from "../../services/metastore/src/rebuild/judge-object.ts";
import { IN_DOUBT, type Bucket } from "./bucket.ts";
import type { MetaNode } from "./node.ts";
import type { ReplicatedLog } from "./replicated-log.ts";
import { wait, type Steps } from "./steps.ts";
import type { World } from "./world.ts";

interface Unknown extends BlockPlace {
  readonly key: string;
}

const MAX_SHARE = 0.1;
/** Small, so that a sweep takes several commands. */
const BATCH = 3;

/** The leader searches the bucket for orphans, as `sweepOrphans` does it. */
export class Sweeper {
  readonly #world: World;
  readonly #log: ReplicatedLog;
  readonly #bucket: Bucket;

  constructor(world: World, log: ReplicatedLog, bucket: Bucket) {
    this.#world = world;
    this.#log = log;
    this.#bucket = bucket;
  }

  *sweepUntilCrash(node: MetaNode): Steps<void> {
    const { queue, swarm } = this.#world;
    for (;;) {
      yield* wait<void>((resume) => queue.after(swarm.orphans.sweepIntervalMs, resume));
      if (this.#log.leader === node) yield* this.#sweep(node);
    }
  }

  *#sweep(node: MetaNode): Steps<void> {
    if (!(yield* this.#catchUp(node))) return;
    const sweepBeganMs = node.state.lastStampMs;
    const found = yield* this.#unknown(node);
    if (!found) return;
    const letters = yield* this.#bucket.list(DEAD_LETTERS_PREFIX);
    if (letters === IN_DOUBT) return;
    for (const key of letters) found.unknown.delete(parseObjectKey(key)?.id ?? "");
    if (!(yield* this.#catchUp(node))) return;
    for (const id of found.unknown.keys()) if (isKnown(node, id)) found.unknown.delete(id);
    const { objectCount, unknown } = found;
    if (isUnbelievable({ objectCount, unknownCount: unknown.size }, MAX_SHARE)) return;
    const orphans = yield* this.#judge(node, [...unknown.values()]);
    if (orphans) yield* this.#note(node, orphans, sweepBeganMs);
  }

  /** By the state at the time of the listing. */
  *#unknown(node: MetaNode): Steps<{ unknown: Map<string, Unknown>; objectCount: number } | undefined> {
    const unknown = new Map<string, Unknown>();
    let objectCount = 0;
    for (const prefix of [BLOCKS_PREFIX, SEGMENTS_PREFIX]) {
      const keys = yield* this.#bucket.list(prefix);
      if (keys === IN_DOUBT) return undefined;
      objectCount += keys.length;
      for (const key of keys) {
        const { id, shard, tenant = "" } = blockPlaceOf(key)!;
        const place = { key, id, shard, tenant, level: tenant === "" ? 0 : 1, sizeBytes: 0 };
        if (!isKnown(node, id)) unknown.set(id, place);
      }
    }
    return { unknown, objectCount };
  }

  *#judge(node: MetaNode, unknown: readonly Unknown[]): Steps<Unknown[] | undefined> {
    const orphans: Unknown[] = [];
    for (const object of unknown) {
      if (object.level > 0 && !node.state.compaction.orphans.has(object.id)) {
        const found = yield* this.#bucket.get(object.key);
        if (found === IN_DOUBT) return undefined;
        if (found?.type !== "block") continue;
        const { index } = node.state;
        const verdict = judgeOutput(found.meta.origin, (id) => index.has(id));
        if (verdict === "unfinished") this.#world.seen.note("output of an unfinished job left alone");
        if (verdict !== "orphan") continue;
      }
      orphans.push(object);
    }
    return orphans;
  }

  *#note(node: MetaNode, objects: readonly Unknown[], sweepBeganMs: number): Steps<void> {
    const { graceMs, includesOld } = this.#world.swarm.orphans;
    for (let start = 0; start === 0 || start < objects.length; start += BATCH) {
      const batch = objects.slice(start, start + BATCH);
      const isLast = start + BATCH >= objects.length;
      const notes = { objects: batch, sweepBeganMs, isLast, graceMs, includesOld };
      const about = { type: "orphans" as const, ids: batch.map(({ id }) => id) };
      const proposed = yield* this.#log.propose(node, about, (envelope) =>
        encodeNoteOrphans(notes, { ...envelope, requestId: new Uint8Array() }),
      );
      if (proposed.type !== "applied") return;
    }
  }

  /** Until the node has applied what was committed before. @returns whether it came to that. */
  *#catchUp(node: MetaNode): Steps<boolean> {
    const { committed } = this.#log;
    for (let tries = 0; node.applied < committed; tries++) {
      if (tries === 10) return false;
      yield* wait<void>((resume) => this.#world.queue.after(this.#world.swarm.applyLagMs, resume));
    }
    return true;
  }
}

function isKnown({ state: { index, compaction } }: MetaNode, id: string): boolean {
  return index.has(id) || compaction.tombstones.has(id);
}
