import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { describe, expect, it } from "@jest/globals";
import { GetCompactionReportResponseSchema } from "@hearth/proto/hearth/metastore/v1";

import { renderCompactionPage } from "./compaction-page.ts";

type Report = MessageInitShape<typeof GetCompactionReportResponseSchema>;

const NOW_MS = 1_767_225_600_000;
const nowMs = BigInt(NOW_MS);
const HOUR_MS = 3_600_000n;
const id = "01J2VJQPYDC160REPAD2VN88XN";
const waitingJob = { claim: { job: 7n, token: 0n }, shard: 3, level: 1, tenant: "acme", blockCount: 10 };
const heldJob = { ...waitingJob, worker: "w-1", leaseEndsMs: nowMs + 12_000n };
const putAside = {
  block: { block: id, tenant: "acme", shard: 3, level: 1 },
  reason: "its bytes are damaged",
  sinceMs: nowMs - 2n * HOUR_MS,
};

function pageOf(report: Report): string {
  return renderCompactionPage(create(GetCompactionReportResponseSchema, { logTimeMs: nowMs, ...report }));
}

describe("the page about compaction", () => {
  it.each<{ name: string; report: Report; shows: string }>([
    {
      name: "says that nothing is stored, done, or put aside",
      report: {},
      shows: "0 blocks, 0 B · 0 jobs · no object to delete · as of 2026-01-01 00:00:00 UTC",
    },
    {
      name: "shows a level, and how long its oldest block waits",
      report: {
        levels: [
          {
            level: 0,
            blockCount: 12,
            sizeBytes: 1_500_000n,
            waitingBlockCount: 11,
            waitingBytes: 1_400_000n,
            queueCount: 4,
            readyJobCount: 0,
            oldestWaitingMs: nowMs - 90_000n,
          },
        ],
      },
      shows:
        '<th scope="row">0, segments</th><td class="number">12</td><td class="number">1.5 MB</td><td class="number">11</td>' +
        '<td class="number">1.4 MB</td><td class="number">4</td><td class="number">0</td><td class="number">1m30s</td>',
    },
    {
      name: "shows a job that somebody does",
      report: { jobs: [heldJob], jobCount: 1 },
      shows:
        '<th scope="row">7</th><td>merges level 1</td><td>acme, shard 3</td><td class="number">10</td>' +
        '<td class="number">0 B</td><td>w-1</td><td class="number">12s left</td>',
    },
    {
      name: "counts one as one",
      report: { jobs: [heldJob], jobCount: 1, levels: [{ level: 3, blockCount: 1, sizeBytes: 1n }] },
      shows: "1 block, 1 B · 1 job · no object to delete",
    },
    {
      name: "shows a job that deletes",
      report: { jobs: [{ ...heldJob, isDeletion: true }], jobCount: 1 },
      shows: "<td>deletes objects</td>",
    },
    {
      name: "warns when there is work and nobody does any",
      report: { jobs: [waitingJob], jobCount: 1, levels: [{ level: 0, readyJobCount: 2 }] },
      shows: '<p class="bad">There is work for 3 jobs, and no worker that does any of it.</p>',
    },
    {
      name: "says how many jobs it leaves out",
      report: { jobs: [heldJob], jobCount: 101 },
      shows: "The first 1 of 101.",
    },
    {
      name: "shows what was put aside, and why, and since when",
      report: { quarantined: [putAside], quarantinedCount: 1 },
      shows:
        `<th scope="row">${id}</th><td>acme, shard 3</td><td class="number">1</td>` +
        '<td>its bytes are damaged</td><td class="number">2h</td>',
    },
    {
      name: "can release a block",
      report: { quarantined: [putAside], quarantinedCount: 1 },
      shows: `<button name="release" value="${id}">Release</button>`,
    },
    {
      name: "can release all",
      report: { quarantined: [putAside], quarantinedCount: 200 },
      shows: '<button name="release" value="all">Release all 200</button>',
    },
    {
      name: "says what is to be deleted",
      report: { tombstones: { storedCount: 3, storedBytes: 4_000n, oldestSinceMs: nowMs - 60_000n } },
      shows: "3 objects to delete, 4.0 kB, the oldest since 1m",
    },
    {
      name: "says from when to when a tenant's data goes",
      report: {
        tenants: [
          {
            tenant: "acme",
            retentionMs: 24n * HOUR_MS,
            expiryBeginsMs: nowMs,
            expiryEndsMs: nowMs + HOUR_MS,
          },
        ],
        tenantCount: 1,
      },
      shows:
        '<td class="number">1d</td><td class="number">2026-01-01 00:00:00</td><td class="number">2026-01-01 01:00:00</td>',
    },
    {
      name: "shows a job that sums",
      report: { jobs: [{ ...heldJob, level: 3, outputLevel: 5 }], jobCount: 1 },
      shows: "<td>sums level 3 to 5m</td>",
    },
    {
      name: "shows a job that gathers",
      report: { jobs: [{ ...heldJob, level: 3, outputLevel: 4 }], jobCount: 1 },
      shows: "<td>gathers level 3</td>",
    },
    {
      name: "names the levels of sums",
      report: { levels: [{ level: 6, blockCount: 1 }] },
      shows: '<th scope="row">6, sums of 1h</th>',
    },
    {
      name: "says what of a tenant is summed, and from what age on",
      report: {
        tenants: [
          {
            tenant: "acme",
            tiers: [
              { level: 5, afterMs: 168n * HOUR_MS, blockCount: 1, sizeBytes: 2_000n },
              { level: 6, blockCount: 2, sizeBytes: 4_000n },
            ],
          },
        ],
        tenantCount: 1,
      },
      shows: "<td>to 5m after 1w: 1 block, 2.0 kB; to 1h no longer: 2 blocks, 4.0 kB</td>",
    },
    {
      name: "says what is kept for ever",
      report: { tenants: [{ tenant: "acme" }], tenantCount: 1 },
      shows: '<td class="number">ever</td><td class="number"></td><td class="number"></td>',
    },
  ])("$name", ({ report, shows }) => {
    expect(pageOf(report)).toContain(shows);
  });

  it("does not warn while work is being done", () => {
    const page = pageOf({ jobs: [heldJob], jobCount: 1, levels: [{ level: 0, readyJobCount: 2 }] });
    expect(page).not.toContain('class="bad"');
  });

  const evil = `<script>"'&`;
  it.each<{ name: string; report: Report }>([
    { name: "workers", report: { jobs: [{ ...heldJob, worker: evil }], jobCount: 1 } },
    { name: "owners of jobs", report: { jobs: [{ ...heldJob, tenant: evil }], jobCount: 1 } },
    { name: "reasons", report: { quarantined: [{ ...putAside, reason: evil }], quarantinedCount: 1 } },
    {
      name: "ids",
      report: {
        quarantined: [{ ...putAside, block: { ...putAside.block, block: evil } }],
        quarantinedCount: 1,
      },
    },
    { name: "tenants", report: { tenants: [{ tenant: evil }], tenantCount: 1 } },
  ])("writes $name as text, never as markup", ({ report }) => {
    const page = pageOf(report);
    expect(page).toContain("&lt;script&gt;&quot;&#39;&amp;");
    expect(page).not.toContain("<script>");
  });
});
