import { formatDuration } from "@hearth/config";
import type {
  GetCompactionReportResponse,
  JobStatus,
  LevelReport,
  QuarantinedBlock,
  TenantReport,
  TenantTier,
} from "@hearth/proto/hearth/metastore/v1";

import { escapeHtml } from "../home/escape-html.ts";
import { bytesText, spanText, timeText } from "../operator-pages/fact-text.ts";
import { renderPage } from "../operator-pages/page-frame.ts";

/** By level: what a row of a tier's blocks is the sum of. */
const RESOLUTIONS: ReadonlyMap<number, string> = new Map([
  [5, "5m"],
  [6, "1h"],
]);
/** Of blocks of a day that was over, with all of their rows. */
const GATHERED_LEVEL = 4;
/** The button that releases all. */
export const RELEASE_ALL = "all";

/** `/compaction`: what waits and is done, what was put aside, what is kept of whom and when it goes. */
export function renderCompactionPage(report: GetCompactionReportResponse): string {
  const nowMs = Number(report.logTimeMs);
  const body = `${summary(report)}
${warnings(report)
  .map((warning) => `<p class="bad">${escapeHtml(warning)}</p>`)
  .join("\n")}
<section><h2>Levels</h2>
${table(
  LEVEL_HEADINGS,
  report.levels.map((level) => levelCells(level, nowMs)),
)}</section>
<section><h2>Jobs</h2>
${list(
  report.jobCount,
  "No job is under way, and none waits for a worker.",
  JOB_HEADINGS,
  report.jobs.map((job) => jobCells(job, nowMs)),
)}</section>
<section><h2>Put aside</h2>
<p>Blocks whose objects are missing or damaged. They stay registered, queries read them as before, and no job takes them. Mend the object, then release the block.</p>
${list(
  report.quarantinedCount,
  "No block was put aside.",
  QUARANTINE_HEADINGS,
  report.quarantined.map((one) => quarantineCells(one, nowMs)),
)}
${report.quarantinedCount > 1 ? releaseForm(RELEASE_ALL, `Release all ${report.quarantinedCount}`) : ""}</section>
<section><h2>What is kept</h2>
<p>Of the blocks that are there now, none goes before the first time, and all have gone by the second. Of days that ended so long ago as is said, profiles of a series within 5 minutes or 1 hour become one.</p>
${list(report.tenantCount, "Nothing is stored.", TENANT_HEADINGS, report.tenants.map(tenantCells))}</section>`;
  return renderPage({ title: "Compaction and retention", body });
}

function summary({ levels, jobCount, tombstones, logTimeMs }: GetCompactionReportResponse): string {
  const blockCount = levels.reduce((sum, level) => sum + level.blockCount, 0);
  const sizeBytes = levels.reduce((sum, level) => sum + Number(level.sizeBytes), 0);
  const facts = [
    `${counted(blockCount, "block")}, ${bytesText(sizeBytes)}`,
    counted(jobCount, "job"),
    tombstones && tombstones.storedCount > 0
      ? `${counted(tombstones.storedCount, "object")} to delete, ${bytesText(Number(tombstones.storedBytes))}, the oldest since ${spanText(Number(logTimeMs - tombstones.oldestSinceMs))}`
      : "no object to delete",
    `as of ${timeText(Number(logTimeMs))} UTC`,
  ];
  return `<p class="facts">${escapeHtml(facts.join(" · "))}</p>`;
}

function warnings({ levels, jobs, jobCount, quarantinedCount }: GetCompactionReportResponse): string[] {
  const readyCount = levels.reduce((sum, level) => sum + level.readyJobCount, 0);
  const isIdle = jobs.every(({ worker }) => worker === "") && jobCount === jobs.length;
  return [
    ...(isIdle && readyCount + jobCount > 0
      ? [`There is work for ${counted(readyCount + jobCount, "job")}, and no worker that does any of it.`]
      : []),
    ...(quarantinedCount > 0 ? [`Blocks were put aside: ${quarantinedCount}.`] : []),
  ];
}

const LEVEL_HEADINGS = [
  "Level",
  "Blocks",
  "Bytes",
  "Waiting",
  "Bytes",
  "Queues",
  "Jobs ready",
  "Oldest waits",
];

function levelCells(level: LevelReport, nowMs: number): string[] {
  const sinceMs = Number(level.oldestWaitingMs);
  return [
    heading(levelName(level.level)),
    number(level.blockCount),
    number(bytesText(Number(level.sizeBytes))),
    number(level.waitingBlockCount),
    number(bytesText(Number(level.waitingBytes))),
    number(level.queueCount),
    number(level.readyJobCount),
    number(sinceMs === 0 ? "" : spanText(nowMs - sinceMs)),
  ];
}

function levelName(level: number): string {
  if (level === 0) return "0, segments";
  if (level === GATHERED_LEVEL) return `${level}, gathered`;
  const resolution = RESOLUTIONS.get(level);
  return resolution === undefined ? String(level) : `${level}, sums of ${resolution}`;
}

const JOB_HEADINGS = ["Job", "Does", "Of", "Blocks", "Bytes", "Worker", "Lease", "Failures"];

function jobCells(job: JobStatus, nowMs: number): string[] {
  const { claim, isDeletion, tenant, shard, worker } = job;
  const owner = tenant === "" ? "segments" : tenant;
  return [
    heading(String(claim?.job ?? 0n)),
    text(isDeletion ? "deletes objects" : workOf(job)),
    text(isDeletion ? "" : `${owner}, shard ${shard}`),
    number(job.blockCount),
    number(isDeletion ? "" : bytesText(Number(job.sizeBytes))),
    text(worker === "" ? "none" : worker),
    number(worker === "" ? "" : `${spanText(Number(job.leaseEndsMs) - nowMs)} left`),
    number(job.failures),
  ];
}

function workOf({ level, outputLevel }: JobStatus): string {
  if (outputLevel === GATHERED_LEVEL) return `gathers level ${level}`;
  return outputLevel === 0 ? `merges level ${level}` : `sums level ${level} to ${resolutionOf(outputLevel)}`;
}

/** Of the blocks of a tier. */
function resolutionOf(level: number): string {
  return RESOLUTIONS.get(level) ?? `level ${level}`;
}

const QUARANTINE_HEADINGS = ["Block", "Of", "Level", "Why", "For", ""];

function quarantineCells({ block, reason, sinceMs }: QuarantinedBlock, nowMs: number): string[] {
  const { block: id = "", tenant = "", shard = 0, level = 0 } = block ?? {};
  return [
    heading(id),
    text(`${tenant === "" ? "many tenants" : tenant}, shard ${shard}`),
    number(level),
    text(reason),
    number(spanText(nowMs - Number(sinceMs))),
    `<td>${releaseForm(id, "Release")}</td>`,
  ];
}

const TENANT_HEADINGS = [
  "Tenant",
  "Blocks",
  "Bytes",
  "Oldest profile",
  "Newest profile",
  "Kept for",
  "Goes from",
  "Gone by",
  "Summed",
];

function tenantCells(tenant: TenantReport): string[] {
  const isForEver = tenant.retentionMs === 0n;
  return [
    heading(tenant.tenant),
    number(tenant.blockCount),
    number(bytesText(Number(tenant.sizeBytes))),
    number(timeText(Number(tenant.oldestProfileTimeMs))),
    number(timeText(Number(tenant.newestProfileTimeMs))),
    number(isForEver ? "ever" : formatDuration(Number(tenant.retentionMs))),
    number(isForEver ? "" : timeText(Number(tenant.expiryBeginsMs))),
    number(isForEver ? "" : timeText(Number(tenant.expiryEndsMs))),
    text(tenant.tiers.map(tierText).join("; ")),
  ];
}

function tierText({ level, afterMs, blockCount, sizeBytes }: TenantTier): string {
  const wish = afterMs === 0n ? "no longer" : `after ${formatDuration(Number(afterMs))}`;
  return `to ${resolutionOf(level)} ${wish}: ${counted(blockCount, "block")}, ${bytesText(Number(sizeBytes))}`;
}

/** @param count - of all, of which the rows are the first. */
function list(count: number, none: string, headings: readonly string[], rows: readonly string[][]): string {
  if (rows.length === 0) return `<p class="facts">${none}</p>`;
  const rest = count > rows.length ? `<p class="facts">The first ${rows.length} of ${count}.</p>` : "";
  return `${table(headings, rows)}${rest}`;
}

function table(headings: readonly string[], rows: readonly string[][]): string {
  const head = headings.map((title) => `<th scope="col">${title}</th>`).join("");
  const lines = rows.map((cells) => `<tr>${cells.join("")}</tr>`).join("\n");
  return `<div class="wide"><table><thead><tr>${head}</tr></thead>
<tbody>
${lines}
</tbody></table></div>`;
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function heading(content: string): string {
  return `<th scope="row">${escapeHtml(content)}</th>`;
}

function text(content: string): string {
  return `<td>${escapeHtml(content)}</td>`;
}

function number(content: number | string): string {
  return `<td class="number">${escapeHtml(String(content))}</td>`;
}

function releaseForm(value: string, title: string): string {
  return `<form method="post"><button name="release" value="${escapeHtml(value)}">${title}</button></form>`;
}
