import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "@jest/globals";
import { goldenFlags, ServerProcess } from "../support/server-process.ts";
import { temporaryFolder } from "../support/temporary-folder.ts";
import { waitUntil } from "../support/wait-until.ts";
import { Tenant, TYPE, type Seen } from "./deletion-client.ts";
import { storedData } from "./stored-data.ts";

const START_TIMEOUT_MS = 90_000;
const TEST_TIMEOUT_MS = 120_000;
/** From the request to the last byte, with the settings below. */
const GONE_TIMEOUT_MS = 60_000;

/** What would take half an hour is done in seconds. */
const QUICK = `metastore:
  cleanupdelay: 1s
  levels:
    - { maxblocks: 20, maxage: 1s }
    - { maxblocks: 10, maxage: 1s }
    - { maxblocks: 10, maxage: 1s }
`;
const ORIGIN_MS = Date.UTC(2026, 2, 2, 10);
const HOUR_MS = 3_600_000;
const range = { start: ORIGIN_MS, end: ORIGIN_MS + 24 * HOUR_MS };

const seen = (...pods: string[]): Seen => ({
  pods,
  functions: pods.map((pod) => `work_${pod}`),
  profileFunctions: pods.map((pod) => `work_${pod}`),
  labelValues: pods,
  seriesPods: pods,
  profileTypes: pods.length > 0 ? [TYPE] : [],
});

describe("profiles that are deleted on request", () => {
  const folder = temporaryFolder("deletion");
  let server: ServerProcess;
  let acme: Tenant;
  let other: Tenant;

  beforeAll(async () => {
    const config = join(folder.path, "quick.yaml");
    writeFileSync(config, QUICK);
    const flags = [
      ...goldenFlags,
      `-config.file=${config}`,
      "-compaction-worker.start-delay=0s",
      "-compaction-worker.job-poll-interval=200ms",
      "-metastore.deletion-rewrite-delay=1s",
      "-log.level=info",
    ];
    server = await ServerProcess.start({ dir: folder.path, flags });
    acme = new Tenant(server.url, "acme");
    other = new Tenant(server.url, "other");
    for (const tenant of [acme, other]) {
      await tenant.push("shop", "good", ORIGIN_MS + HOUR_MS);
      await tenant.push("shop", "secret", ORIGIN_MS + HOUR_MS);
      await tenant.push("shop", "secret", ORIGIN_MS + 3 * HOUR_MS);
      await tenant.push("till", "secret", ORIGIN_MS + HOUR_MS);
    }
  }, START_TIMEOUT_MS);

  afterAll(async () => {
    await server?.[Symbol.asyncDispose]();
    folder.remove();
  });

  const untilGone = async (tenant: Tenant, number: string): Promise<void> => {
    const isGone = async (): Promise<boolean> => (await tenant.deletion(number)).state === "gone";
    await waitUntil(isGone, {
      timeoutMs: GONE_TIMEOUT_MS,
      what: () => `deletion ${number} is gone\n${server.logs}`,
    });
  };

  it.each([
    { name: "without a selector", request: { reason: "r" }, want: "selector is required" },
    {
      name: "with a broken one",
      request: { selector: "{a=", reason: "r" },
      want: "failed to parse selector",
    },
    { name: "without a reason", request: { selector: "{}" }, want: "reason is required" },
    {
      name: "that ends before it begins",
      request: { selector: "{}", reason: "r", start: "9", end: "8" },
      want: "start must be before end: start=9 end=8",
    },
    {
      name: "of a name that is too long",
      request: { selector: "{}", reason: "r", requestedBy: "x".repeat(257) },
      want: "requested_by is too long: length=257 limit=256",
    },
  ])("are refused $name", async ({ request, want }) => {
    await expect(acme.delete(request)).rejects.toThrow(want);
    expect(await acme.deletions()).toEqual([]);
  });

  it("are told of by a dry run, which changes nothing", async () => {
    const command = await acme.runCommand("--selector", `{service_name="shop", pod=~"sec.*"}`, "--dry-run");
    expect(command).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^would touch \d+ whole blocks/u),
    });
    expect(await acme.seen("shop", range)).toEqual(seen("good", "secret"));
  });

  it(
    "are hidden at once, of no other tenant, time or service; what comes late is too; and then their bytes are gone",
    async () => {
      const end = new Date(ORIGIN_MS + 2 * HOUR_MS).toISOString();
      const flags = ["--selector", `{service_name="shop", pod=~"sec.*"}`, "--end", end];
      const command = await acme.runCommand(...flags, "--reason", "ticket 1", "--by", "tester");
      expect(command).toMatchObject({ exitCode: 0, stderr: "" });
      const early = { start: ORIGIN_MS, end: ORIGIN_MS + 2 * HOUR_MS };
      expect((await acme.seen("shop", early)).pods).toEqual(["good"]);
      expect((await acme.seen("shop", early)).functions).toEqual(["work_good"]);
      expect((await acme.seen("shop", range)).pods).toEqual(["good", "secret"]);
      expect((await acme.seen("till", early)).pods).toEqual(["secret"]);
      expect((await other.seen("shop", early)).pods).toEqual(["good", "secret"]);

      const all = await acme.delete({ selector: `{service_name="shop", pod="secret"}`, reason: "ticket 2" });
      expect(await acme.seen("shop", range)).toEqual(seen("good"));
      await acme.push("shop", "secret", ORIGIN_MS + 90 * 60_000);
      expect(await acme.seen("shop", range)).toEqual(seen("good"));

      await untilGone(acme, all.deletion!.number);
      expect(await acme.seen("shop", range)).toEqual(seen("good"));
      const stored = await storedData(join(folder.path, "bucket"));
      expect(stored.series.filter((series) => series.startsWith("acme/shop/"))).toEqual(["acme/shop/good"]);
      expect(stored.series.filter((series) => series.startsWith("other/"))).toEqual([
        "other/shop/good",
        "other/shop/secret",
        "other/till/secret",
      ]);

      await acme.push("shop", "secret", ORIGIN_MS + 4 * HOUR_MS);
      expect(await acme.seen("shop", range)).toEqual(seen("good"));
      expect(await acme.deletions()).toMatchObject([
        { reason: "ticket 2", selector: `{service_name="shop", pod="secret"}` },
        { reason: "ticket 1", selector: `{service_name="shop", pod=~"sec.*"}`, requestedBy: "tester" },
      ]);
      expect(server.logs).toMatch(/msg="profiles are deleted on request".*tenant=acme/u);
      expect(server.logs).toMatch(/msg="the bytes of deleted profiles are gone"/u);
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "are all of a tenant's when the tenant is deleted",
    async () => {
      const { deletion } = await acme.delete({ reason: "the customer has left" }, "DeleteTenant");
      expect(await acme.hasData()).toBe(false);
      expect(await acme.seen("till", range)).toEqual(seen());
      expect(await other.hasData()).toBe(true);
      await untilGone(acme, deletion!.number);
      const stored = await storedData(join(folder.path, "bucket"));
      expect([...stored.series, ...stored.functions].filter((text) => text.startsWith("acme/"))).toEqual([]);
      expect(await other.seen("shop", range)).toEqual(seen("good", "secret"));
    },
    TEST_TIMEOUT_MS,
  );

  it(
    "stay deleted when the server starts again",
    async () => {
      await acme.push("shop", "secret", ORIGIN_MS + 5 * HOUR_MS);
      await server.kill("SIGKILL");
      server = await server.restart();
      acme = new Tenant(server.url, "acme");
      expect(await acme.seen("shop", range)).toEqual(seen());
      const command = await acme.runCommand("--selector", "{}", "--reason", "again", "--wait");
      expect(command).toMatchObject({ exitCode: 0, stdout: expect.stringMatching(/^gone$/mu) });
    },
    TEST_TIMEOUT_MS,
  );
});
