import type { SourceEdit } from "../../services/metastore/test/simulation/source-edit.ts";

/** Bugs that the simulated pipeline must see: each changes a place of the product, or two. */
export interface PlantedBug {
  readonly name: string;
  readonly edits: readonly SourceEdit[];
}

const COMPACTION = "services/metastore/src/compaction";
const DELETIONS = "services/metastore/src/deletions";

const ORPHANS = "services/metastore/src/orphans";
const TIERS = "services/metastore/src/tiers";

const bug = (name: string, file: string, find: string, replace: string): PlantedBug => ({
  name,
  edits: [{ file, find, replace }],
});

export const PLANTED_BUGS: readonly PlantedBug[] = [
  bug(
    "tombstone by the clock of the node",
    `${COMPACTION}/compaction.ts`,
    "this.tombstones.take(settings.deletionBatch, nowMs - settings.tombstoneDelayMs)",
    "this.tombstones.take(settings.deletionBatch, Date.now() - settings.tombstoneDelayMs)",
  ),
  bug(
    "tombstone without its delay",
    `${COMPACTION}/compaction.ts`,
    "this.tombstones.take(settings.deletionBatch, nowMs - settings.tombstoneDelayMs)",
    "this.tombstones.take(settings.deletionBatch, nowMs)",
  ),
  bug(
    "token compared the wrong way round",
    `${COMPACTION}/compaction.ts`,
    "return job?.token === token && job.worker === worker ? job : undefined;",
    "return job !== undefined && job.token >= token ? job : undefined;",
  ),
  bug(
    "tombstones not remembered beyond the deletion",
    `${COMPACTION}/compaction.ts`,
    "this.tombstones.forgetDeleted(nowMs - REMEMBERED_MS);",
    "this.tombstones.forgetDeleted(nowMs);",
  ),
  bug(
    "old blocks not looked up",
    "services/metastore/src/block-registry.ts",
    "const TRUSTED_AGE_MS = 60 * 60 * 1_000;",
    "const TRUSTED_AGE_MS = 600 * 60 * 1_000;",
  ),
  bug(
    "blocks looked up by the clock of the node",
    "services/metastore/src/block-registry.ts",
    "Math.max(now.wallMs, now.logMs)",
    "now.wallMs",
  ),
  bug(
    "tombstones of ids of the future forgotten",
    `${COMPACTION}/tombstones.ts`,
    "      if (ulidTimeMs(tombstone.id) > beforeMs) continue;\n",
    "",
  ),
  bug(
    "a registration does not ask for tombstones",
    `${COMPACTION}/compaction.ts`,
    "if (tombstone) return tombstone.isOrphan ? GIVEN_UP : undefined;",
    "",
  ),
  bug(
    "sources of a finished job stay registered",
    `${COMPACTION}/compaction.ts`,
    "for (const source of sources) this.#bury(placeOf(source), nowMs);",
    "for (const source of sources) this.notes.delete(source.id);",
  ),
  bug(
    "sources removed without outputs",
    `${COMPACTION}/compaction.ts`,
    "for (const output of valid) this.addBlock(output, 0);",
    "",
  ),
  bug(
    "one output of a job forgotten",
    `${COMPACTION}/compaction.ts`,
    "for (const output of valid) this.addBlock(output, 0);",
    "for (const output of valid.slice(0, 2)) this.addBlock(output, 0);",
  ),
  bug(
    "batches in the order in which queues came to be",
    `${COMPACTION}/waiting-blocks.ts`,
    "return batches.sort((a, b) => a.level - b.level || (a.blocks[0]!.id < b.blocks[0]!.id ? -1 : 1));",
    "return batches;",
  ),
  bug(
    "blocks wait in the order of their registration",
    `${COMPACTION}/waiting-blocks.ts`,
    "    const position = positionOf(queue, block.id);\n    invariant(queue[position]?.id !== block.id, `block ${block.id} waits twice`);\n    queue.splice(position, 0, block);",
    "    queue.push(block);",
  ),
  bug(
    "lease not checked",
    `${COMPACTION}/compaction.ts`,
    'if (job.worker !== "" && job.leaseEndsMs < nowMs)',
    'if (job.worker !== "" && job.leaseEndsMs === -nowMs)',
  ),
  bug(
    "lease of a job not renewed, and its holder not told",
    `${COMPACTION}/compaction.ts`,
    "if (job) this.jobs.set({ ...job, leaseEndsMs: nowMs + settings.leaseMs });\n      else revoked.push(claim);",
    "if (job) this.jobs.delete(job.number);",
  ),
  {
    name: "a merge drops a row, and rows are not counted",
    edits: [
      {
        file: `${COMPACTION}/check-outputs.ts`,
        find: "if (before !== after + repeatedRows + deleted + summedRows) {",
        replace: "if (before < after) {",
      },
      {
        file: "services/compaction-worker/src/run/check-outputs.ts",
        find: "if (rowsIn === rowsOut + repeatedRows + deleted + summedRows) return undefined;",
        replace: "if (rowsIn >= rowsOut) return undefined;",
      },
      {
        file: "test/pipeline/merge.ts",
        find: "const distinct = [...new Set(left)].toSorted((a, b) => a - b);",
        replace:
          "const distinct = [...new Set(left)].toSorted((a, b) => a - b).slice(left.length > 9 ? 1 : 0);",
      },
    ],
  },
  bug(
    "tombstones forgotten when a deletion fails",
    `${COMPACTION}/compaction.ts`,
    "for (const id of job.blocks) this.tombstones.release(id);",
    "for (const id of job.blocks) this.tombstones.noteDeleted(id, 1);",
  ),
  bug(
    "tombstones stay taken when a deletion fails",
    `${COMPACTION}/compaction.ts`,
    "for (const id of job.blocks) this.tombstones.release(id);",
    "",
  ),
  bug(
    "quarantined block waits again",
    `${COMPACTION}/compaction.ts`,
    "if (block && !this.notes.isQuarantined(id)) this.waiting.add(placeOf(block));",
    "if (block) this.waiting.add(placeOf(block));",
  ),
  bug(
    "the sound sources of a failed job are forgotten",
    `${COMPACTION}/compaction.ts`,
    "if (block && !this.notes.isQuarantined(id)) this.waiting.add(placeOf(block));",
    "if (block && fits(block.id)) this.waiting.add(placeOf(block));\n      function fits(other: string): boolean { return other < job.blocks[1]!; }",
  ),
  bug(
    "a fault of one source puts all aside",
    `${COMPACTION}/compaction.ts`,
    "const fault = reasons.get(id);",
    "const fault = [...reasons.values()][0];",
  ),
  bug(
    "a restored job's sources wait",
    `${COMPACTION}/compaction.ts`,
    'if (job.type === "compaction") for (const id of job.blocks) this.#stopWaiting(id);',
    "",
  ),
  bug(
    "a restored quarantine is none",
    `${COMPACTION}/compaction.ts`,
    'if (note.type === "quarantined") this.#stopWaiting(id);',
    "",
  ),
  bug(
    "a restored tombstone is not taken",
    `${COMPACTION}/compaction-codec.ts`,
    "const isTaken = (flags & TOMBSTONE.isTaken) !== 0;",
    "const isTaken = false;",
  ),
  bug(
    "the last number is not restored",
    "services/metastore/src/index-state/snapshot-codec.ts",
    "this.#compaction.restoreLastNumber(bytes.integer());",
    "this.#compaction.restoreLastNumber(bytes.integer() - 1);",
  ),
  bug(
    "the id of an output does not follow from its content",
    "libs/block/src/merge/merged-block-id.ts",
    "...sections.map(({ kind, sizeBytes, crc }) => [kind, sizeBytes, crc]),",
    "...sections.map(({ kind }) => [kind]),",
  ),
  bug(
    "a worker reports before its outputs are stored",
    "test/pipeline/job-steps.ts",
    "    if (stored === IN_DOUBT) return STORAGE;",
    "",
  ),
  bug(
    "a worker drops what it could not report",
    "services/compaction-worker/src/jobs/held-jobs.ts",
    'jobs.set(claim.job, { ...job, stage: { type: "ended", outcome, sizeBytes } });',
    "jobs.delete(claim.job);",
  ),
  bug(
    "a dead letter is deleted whatever came of it",
    "services/metastore/src/dead-letters/recover-dead-letters.ts",
    "return refusal === undefined || refusal === OBJECT_GONE || refusal === GIVEN_UP;",
    "return refusal !== OBJECT_GONE;",
  ),
  bug(
    "what comes late is not covered",
    `${DELETIONS}/deletions.ts`,
    "    if (!scope) return;\n",
    "    if (!scope || partition.deletionsApplied(row) === 0) return;\n",
  ),
  bug(
    "what comes late does not keep a deletion from being finished",
    `${DELETIONS}/deletions.ts`,
    "    for (const { number } of scope.deletions) this.#reopen(number);\n",
    "",
  ),
  {
    name: "queries do not pass over what came late",
    edits: [
      {
        file: "services/metastore/src/index-state/query.ts",
        find: "const scope = isDeletable && times ? datasetScope(scopes, at, kind, times) : undefined;",
        replace:
          "const scope = isDeletable && times && partition.deletionsApplied(row) > 0 ? datasetScope(scopes, at, kind, times) : undefined;",
      },
    ],
  },
  bug(
    "the output of an old job is taken as clean",
    `${COMPACTION}/compaction.ts`,
    "for (const output of valid) this.addBlock(output, 0);",
    "const origin = { sources: [], outputCount: 0, deletionsApplied: this.#deletions.table.lastNumber };\n    for (const output of valid) this.addBlock({ ...output, origin }, 0);",
  ),
  bug(
    "a job that is given again keeps the deletions of before",
    "services/metastore/src/job-broker.ts",
    "deletions: onRequest.ofBlocks(job.blocks, job.deletionsUpTo),",
    "deletions: onRequest.ofBlocks(job.blocks, job.number === job.token - 1 ? job.deletionsUpTo : 0),",
  ),
  bug(
    "a rewrite drops rows that the first matcher does not want",
    "libs/deletions/src/data-deletion.ts",
    "return matchers.every((matcher) => matcher.matches(labelValue(labels, matcher.name)));",
    "return matchers.slice(0, 1).every((matcher) => matcher.matches(labelValue(labels, matcher.name)));",
  ),
  bug(
    "a deletion begins before its start",
    "libs/deletions/src/deleted-spans.ts",
    "return low > first && timeMs < this.#ends[low - 1]! ? low - 1 : -1;",
    "return timeMs < (this.#ends[Math.max(first, low - 1)] ?? 0) ? Math.max(first, low - 1) : -1;",
  ),
  bug(
    "a block leaves that is covered in part",
    `${DELETIONS}/deletion-scopes.ts`,
    "touching.some((scope) => scope.isWhole && isInside(times!, scope.deletion));",
    "touching.some((scope) => scope.isWhole);",
  ),
  bug(
    "a dataset is hidden that is covered in part",
    `${DELETIONS}/visible-data.ts`,
    "    if (!isInside(times, deletion)) continue;\n",
    "",
  ),
  bug(
    "a matcher on a label that the index does not know covers all",
    `${DELETIONS}/deletion-scopes.ts`,
    'if (!known.includes(matcher.name)) verdict = "some";',
    "if (!known.includes(matcher.name)) continue;",
  ),
  bug(
    "blocks of the highest level are not written anew",
    `${COMPACTION}/rewrites.ts`,
    "if (isDue(block, view) && !busy.has(block.place.id)) due.push(block.place);",
    "if (isDue(block, view) && !busy.has(block.place.id) && block.place.level < 3) due.push(block.place);",
  ),
  bug(
    "a block is written anew by two jobs",
    `${COMPACTION}/rewrites.ts`,
    "if (isDue(block, view) && !busy.has(block.place.id)) due.push(block.place);",
    "if (isDue(block, view) && (block.place.level === 3 || !busy.has(block.place.id))) due.push(block.place);",
  ),
  bug(
    "a deletion is finished before the objects are gone",
    `${DELETIONS}/deletions.ts`,
    "return tombstones.hasPresentOf(tenant, clearedMs) ? deletion : { ...deletion, goneMs: nowMs };",
    "return { ...deletion, goneMs: nowMs };",
  ),
  bug(
    "a restored deletion touches nothing",
    "services/metastore/src/index-state/snapshot-codec.ts",
    "    this.#deletions.finishRestore();\n",
    "",
  ),
  bug(
    "a restored job has no deletions",
    `${COMPACTION}/compaction-codec.ts`,
    "const deletionsUpTo = isPlain ? 0 : bytes.integer();",
    "const deletionsUpTo = isPlain ? 0 : bytes.integer() * 0;",
  ),
  bug(
    "the applied number is not part of an output's id",
    "libs/block/src/merge/merged-block-id.ts",
    "const applied = deletionsApplied > 0 ? [deletionsApplied] : [];",
    "const applied = deletionsApplied > 0 ? [] : [];",
  ),
  bug(
    "orphans by the clock of the node",
    `${ORPHANS}/orphan-watch.ts`,
    "sweepBeganMs - found.firstMs >= graceMs",
    "Date.now() - found.firstMs >= graceMs",
  ),
  bug(
    "orphans by the time in their ids",
    `${ORPHANS}/orphan-watch.ts`,
    "sweepBeganMs - found.firstMs >= graceMs",
    "sweepBeganMs - ulidTimeMs(found.id) >= graceMs",
  ),
  bug(
    "a candidate goes when it is noted again",
    `${ORPHANS}/orphan-watch.ts`,
    "sweepBeganMs - found.firstMs >= graceMs",
    "sweepBeganMs >= found.firstMs",
  ),
  bug(
    "a candidate that is registered stays one",
    `${COMPACTION}/compaction.ts`,
    "    this.orphans.forget(block.id);\n",
    "",
  ),
  bug(
    "a candidate whose grace is over stays one",
    `${ORPHANS}/orphan-watch.ts`,
    "        this.forget(object.id);\n        index.remove",
    "        index.remove",
  ),
  bug(
    "orphans are never noted a second time",
    `${ORPHANS}/orphan-watch.ts`,
    "if (notes.isLast) this.#forgetUnnamed(notes.sweepBeganMs);",
    "if (notes.isLast) this.#forgetUnnamed(nowMs + 1);",
  ),
  bug(
    "registering an orphan is acknowledged",
    `${COMPACTION}/compaction.ts`,
    "return tombstone.isOrphan ? GIVEN_UP : undefined;",
    "return undefined;",
  ),
  bug(
    "orphans are registered again",
    `${COMPACTION}/compaction.ts`,
    "if (tombstone) return tombstone.isOrphan ? GIVEN_UP : undefined;",
    "if (tombstone && !tombstone.isOrphan) return undefined;",
  ),
  bug(
    "a restored orphan's tombstone is like others",
    `${COMPACTION}/compaction-codec.ts`,
    "const isOrphan = (flags & TOMBSTONE.isOrphan) !== 0;",
    "const isOrphan = false;",
  ),
  bug(
    "candidates are not restored",
    "services/metastore/src/index-state/snapshot-codec.ts",
    "  yield* frames(FRAME.orphanCandidates, candidates, encodeCandidate);\n",
    "",
  ),
  bug(
    "a sweep does not look for dead letters",
    "test/pipeline/sweeper.ts",
    'for (const key of letters) found.unknown.delete(parseObjectKey(key)?.id ?? "");',
    "",
  ),
  bug(
    "letters of what was given up are tried for ever",
    "services/metastore/src/dead-letters/recover-dead-letters.ts",
    "return refusal === undefined || refusal === OBJECT_GONE || refusal === GIVEN_UP;",
    "return refusal === undefined;",
  ),
  bug(
    "sums are given to a worker that does not sum",
    `${COMPACTION}/compaction.ts`,
    "if (sumsRows) holdWaiting(isTierJob);",
    "holdWaiting(isTierJob);",
  ),
  bug(
    "what is summed is summed again for the same tier",
    `${TIERS}/plan-tiers.ts`,
    "cutoff.level > level && dayEndMs",
    "cutoff.level >= level && dayEndMs",
  ),
  bug(
    "days are due when they begin",
    `${TIERS}/plan-tiers.ts`,
    "const dayEndMs = (day + 1) * DAY_MS;",
    "const dayEndMs = day * DAY_MS;",
  ),
  bug(
    "the day of a block is that of its oldest data",
    `${TIERS}/plan-tiers.ts`,
    "partition.maxTimeOf(row)",
    "partition.minTimeOf(row)",
  ),
  bug(
    "blocks that are in jobs are summed",
    `${TIERS}/plan-tiers.ts`,
    "outputLevel === 0 || busy.has(id) ||",
    "outputLevel === 0 ||",
  ),
  bug(
    "blocks that are put aside are summed",
    `${TIERS}/plan-tiers.ts`,
    "busy.has(id) || notes.isQuarantined(id)",
    "busy.has(id)",
  ),
  bug(
    "blocks of a day that goes on are gathered",
    `${TIERS}/plan-until.ts`,
    "const beforeMs = Math.floor(nowMs - settleMs);",
    "const beforeMs = Math.floor(nowMs - settleMs) + DAY_MS;",
  ),
  bug(
    "what is gathered is gathered again",
    `${TIERS}/gather-days.ts`,
    "level === MAX_LEVEL && sizeBytes",
    "level >= MAX_LEVEL && sizeBytes",
  ),
  bug(
    "days as the clock of the node has it",
    `${TIERS}/plan-until.ts`,
    "Math.floor(nowMs - afterMs - settleMs)",
    "Math.floor(Date.now() - afterMs - settleMs)",
  ),
  bug(
    "summed rows are missing rows",
    `${COMPACTION}/check-outputs.ts`,
    "if (before !== after + repeatedRows + deleted + summedRows) {",
    "if (before !== after + repeatedRows + deleted) {",
  ),
  bug(
    "a sum leaves a row out, and counts it as summed",
    "test/pipeline/merge.ts",
    "sums!.sumByTime(distinct, tier.resolutionMs)",
    "sums!.sumByTime(distinct.slice(distinct.length > 3 ? 1 : 0), tier.resolutionMs)",
  ),
  bug(
    "sources of sums stay registered",
    `${COMPACTION}/compaction.ts`,
    "for (const source of sources) this.#bury(placeOf(source), nowMs);",
    "if (job.outputLevel === 0) for (const source of sources) this.#bury(placeOf(source), nowMs);",
  ),
  bug(
    "sums are taken though rows were deleted meanwhile",
    `${COMPACTION}/compaction.ts`,
    "if (outputLevel === 0) return false;",
    "if (outputLevel >= 0) return false;",
  ),
  bug(
    "a restored job does not sum",
    `${COMPACTION}/compaction-codec.ts`,
    "const outputLevel = type === JOB.summing ? bytes.integer() : 0;",
    "const outputLevel = type === JOB.summing ? bytes.integer() * 0 : 0;",
  ),
  bug(
    "lone blocks by the clock of the node",
    `${COMPACTION}/waiting-blocks.ts`,
    "const isLone = view.loneAgeMs > 0 && ageMs >= view.loneAgeMs;",
    "const isLone = view.loneAgeMs > 0 && Date.now() - ulidTimeMs(first.id) >= view.loneAgeMs;",
  ),
  bug(
    "lone blocks are merged at once",
    `${COMPACTION}/waiting-blocks.ts`,
    "const isLone = view.loneAgeMs > 0 && ageMs >= view.loneAgeMs;",
    "const isLone = ageMs >= level.maxAgeMs;",
  ),
  {
    name: "time goes back with the clock of a new leader",
    edits: [
      {
        file: "services/metastore/src/index-state/metastore-state.ts",
        find: "if (stampNanos > this.#lastStampNanos) this.#lastStampNanos = stampNanos;",
        replace: "this.#lastStampNanos = stampNanos;",
      },
      {
        file: "services/metastore/src/leader-clock.ts",
        find: "return { stampNanos: input.wallNanos > earliest ? input.wallNanos : earliest, isClamped: false };",
        replace: "return { stampNanos: input.wallNanos, isClamped: false };",
      },
    ],
  },
];

/** What has to be changed for a bug; undefined when there is no such bug. */
export function editsOf(name: string): readonly SourceEdit[] | undefined {
  return PLANTED_BUGS.find((candidate) => candidate.name === name)?.edits;
}
