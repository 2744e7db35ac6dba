import { ByteReader, ByteWriter } from "../../src/bytes.ts";
import { hashNote } from "../../src/compaction/block-notes.ts";
import { hashJob } from "../../src/compaction/job-table.ts";
import { hashTombstone } from "../../src/compaction/tombstones.ts";
import { hashCandidate } from "../../src/orphans/orphan-watch.ts";
import { hashDeletion } from "../../src/deletions/deletion.ts";
import { RESULT, type AppliedResult } from "../../src/index-state/applied-results.ts";
import type { MetastoreState, StateCapture } from "../../src/index-state/metastore-state.ts";
import { DigestSum, ELEMENT, ElementHash, type HashWords } from "../../src/index-state/state-digest.ts";

/** The digest of a state by its definition: hashes everything that a snapshot would hold, and adds it up. */
export function slowDigest(state: MetastoreState): string {
  const { partitions, results, lastStampNanos, compaction, deletions } = state.capture();
  const top = partitions.map(([number, partition]) =>
    element(ELEMENT.partition)
      .integer(number)
      .words(sumOf([...rowsOf(partition), ...tenantsOf(partition)]))
      .words(sumOf(wordsOf(partition)))
      .end(),
  );
  const remembered = element(ELEMENT.result)
    .words(sumOf(results.map(hashOf)))
    .end();
  const stamp = element(ELEMENT.stamp).text(String(lastStampNanos)).end();
  return sumOf([
    ...top,
    remembered,
    stamp,
    ...compactionOf(compaction),
    ...deletionsOf(deletions),
  ]).toString();
}

function deletionsOf({ lastNumber, deletions }: StateCapture["deletions"]): HashWords[] {
  if (lastNumber === 0) return [];
  const known = sumOf(deletions.map((deletion) => hashDeletion(new ElementHash(), deletion)));
  return [element(ELEMENT.deletions).integer(lastNumber).words(known).end()];
}

function compactionOf(compaction: StateCapture["compaction"]): HashWords[] {
  return [...jobsOf(compaction), ...orphansOf(compaction.orphans)];
}

function orphansOf({ sinceMs, candidates }: StateCapture["compaction"]["orphans"]): HashWords[] {
  if (sinceMs === undefined) return [];
  const sum = sumOf(candidates.map((candidate) => hashCandidate(new ElementHash(), candidate)));
  return [element(ELEMENT.orphanWatch).integer(sinceMs).words(sum).end()];
}

function jobsOf({ lastNumber, jobs, notes, tombstones }: StateCapture["compaction"]): HashWords[] {
  if (lastNumber === 0 && tombstones.length === 0) return [];
  const fresh = (): ElementHash => new ElementHash();
  const whole = element(ELEMENT.compaction)
    .integer(lastNumber)
    .words(sumOf(jobs.map((job) => hashJob(fresh(), job))))
    .words(sumOf(notes.map(([id, note]) => hashNote(fresh(), id, note))))
    .words(sumOf(tombstones.map((tombstone) => hashTombstone(fresh(), tombstone))));
  return [whole.end()];
}

type Capture = StateCapture["partitions"][number][1];

function rowsOf(capture: Capture): HashWords[] {
  const { partition } = capture;
  return [...partition.rows(capture)].map((row) => {
    const out = new ByteWriter();
    partition.encodeRow(row, out);
    const reader = new ByteReader(out.written());
    const hash = element(ELEMENT.row);
    for (let word = 0; word < 4; word++) hash.word(reader.uint32());
    return hash.bytes(reader.bytes(reader.integer())).end();
  });
}

function tenantsOf({ lastIngest }: Capture): HashWords[] {
  return lastIngest.map(([tenant, lastIngestMs]) =>
    element(ELEMENT.lastIngest)
      .words(element(ELEMENT.lastIngest).text(tenant).end())
      .integer(lastIngestMs)
      .end(),
  );
}

function wordsOf({ partition, vocabulary }: Capture): HashWords[] {
  const { strings, labelSets, kinds } = partition.vocabulary.entries(vocabulary);
  const numbered = (type: number) => (parts: readonly number[], number: number) =>
    parts.reduce((hash, part) => hash.word(part), element(type).word(number).word(parts.length)).end();
  return [
    ...strings.map((value, number) => element(ELEMENT.string).word(number).text(value).end()),
    ...labelSets.map(numbered(ELEMENT.labelSet)),
    ...kinds.map(numbered(ELEMENT.kind)),
  ];
}

function hashOf({ requestId, bodyCrc, result }: AppliedResult): HashWords {
  const hash = element(ELEMENT.result).text(requestId).word(bodyCrc).word(RESULT[result.type]);
  if (result.type === "rejected") hash.text(result.reason);
  if (result.type === "blocks-added") {
    for (const { block, reason } of result.refusals) hash.text(block).text(reason);
  }
  return hash.end();
}

function element(type: number): ElementHash {
  return new ElementHash().begin(type);
}

function sumOf(elements: readonly HashWords[]): DigestSum {
  const sum = new DigestSum();
  for (const one of elements) sum.add(one);
  return sum;
}
