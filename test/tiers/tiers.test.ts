import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { Tenant, TYPE } from "../deletion/deletion-client.ts";
import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { waitUntil } from "../support/wait-until.ts";

const START_TIMEOUT_MS = 90_000;
const SUMMED_TIMEOUT_MS = 90_000;

/** While profiles come nothing is merged, so that what belongs together is there when it begins. */
const WITHOUT_WORKER = "-target=distributor,segment-writer,metastore,query-frontend,query-backend";
/** What would take days is done in seconds. */
const QUICK = `metastore:
  cleanupdelay: 1s
  levels:
    - { maxblocks: 20, maxage: 1s }
    - { maxblocks: 10, maxage: 1s }
    - { maxblocks: 10, maxage: 1s }
`;
const OVERRIDES = `overrides:
  acme: { compaction_downsample_5m_after: 1d }
  archive: { compaction_downsample_5m_after: 1d, compaction_downsample_1h_after: 2d }
`;
/** Long ago. */
const ORIGIN_MS = Date.UTC(2026, 2, 2, 10);
const MINUTE_MS = 60_000;
const DAY = { start: ORIGIN_MS - 600 * MINUTE_MS, end: ORIGIN_MS + 840 * MINUTE_MS };
/** When profiles of a pod are taken, in minutes after the origin. */
const TAKEN: Readonly<Record<string, readonly number[]>> = { a: [0, 1, 4, 7, 61], b: [1] };

interface Report {
  readonly tenants: readonly {
    readonly tenant: string;
    readonly blockCount: number;
    readonly tiers?: readonly { readonly level: number; readonly blockCount?: number }[];
  }[];
}

describe("days that are old enough for a tier", () => {
  const folder = temporaryFolder("tiers");
  let server: ServerProcess;

  beforeAll(async () => {
    const config = join(folder.path, "quick.yaml");
    const overrides = join(folder.path, "overrides.yaml");
    writeFileSync(config, QUICK);
    writeFileSync(overrides, OVERRIDES);
    const flags = [...goldenFlags, `-config.file=${config}`, `-runtime-config.file=${overrides}`];
    await pushAll([...flags, WITHOUT_WORKER]);
    server = await ServerProcess.start({
      dir: folder.path,
      flags: [
        ...flags,
        "-compaction-worker.start-delay=0s",
        "-compaction-worker.job-poll-interval=200ms",
        "-metastore.compaction-lone-block-age=2s",
        "-metastore.index.cleanup-interval=1s",
        "-log.level=info",
      ],
    });
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder.remove();
  });

  async function pushAll(flags: readonly string[]): Promise<void> {
    await using writing = await ServerProcess.start({ dir: folder.path, flags });
    for (const name of ["acme", "archive", "other"]) {
      for (const [pod, minutes] of Object.entries(TAKEN)) {
        for (const minute of minutes)
          await new Tenant(writing.url, name).push("shop", pod, ORIGIN_MS + minute * MINUTE_MS);
      }
    }
  }

  /** Of all blocks of a tenant, those of each tier; undefined while some are of none. */
  const tiersOf = async (tenant: string): Promise<number[] | undefined> => {
    const response = await fetch(`${server.url}/compaction`, { headers: { accept: "application/json" } });
    const { tenants } = (await response.json()) as Report;
    const found = tenants.find((one) => one.tenant === tenant);
    const tiers = (found?.tiers ?? []).filter(({ blockCount = 0 }) => blockCount > 0);
    const summed = tiers.reduce((sum, { blockCount = 0 }) => sum + blockCount, 0);
    return found && summed === found.blockCount ? tiers.map(({ level }) => level) : undefined;
  };

  it.each([
    { tenant: "acme", levels: "5", points: 4 },
    { tenant: "archive", levels: "6", points: 3 },
  ])(
    "become sums: all of $tenant is of level $levels, and what is asked of the day is answered as before",
    async ({ tenant, levels, points }) => {
      await waitUntil(async () => String(await tiersOf(tenant)) === levels, {
        timeoutMs: SUMMED_TIMEOUT_MS,
        what: () => `${tenant} is summed\n${server.logs}`,
      });
      const summed = new Tenant(server.url, tenant);
      const other = new Tenant(server.url, "other");
      expect(await summed.seen("shop", DAY)).toEqual(await other.seen("shop", DAY));
      const query = { ...DAY, profileTypeID: TYPE, labelSelector: "{}" };
      const flame = (one: Tenant) => one.call("querier.v1.QuerierService/SelectMergeStacktraces", query);
      expect(await flame(summed)).toEqual(await flame(other));
      const series = await summed.call("querier.v1.QuerierService/SelectSeries", {
        ...query,
        step: 60,
        groupBy: ["pod"],
      });
      // One for each pod and bucket instead of six profiles.
      expect(JSON.stringify(series).match(/"timestamp"/gu)).toHaveLength(points);
    },
    SUMMED_TIMEOUT_MS + 30_000,
  );
});
