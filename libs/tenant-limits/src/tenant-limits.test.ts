import { describe, expect, it } from "@jest/globals";
import { defaultsOf, loadSettings } from "@hearth/config";
import type { Clock } from "@hearth/runtime";
import { memoryLogger, MetricRegistry, type LogEvent } from "@hearth/telemetry";
import { limitsSettings } from "./limits-schema.ts";
import { renderOverrides } from "./render-overrides.ts";
import { runtimeConfigSettings } from "./runtime-config-settings.ts";
import { RuntimeLimits } from "./tenant-limits.ts";

const defaults = { ...defaultsOf(limitsSettings), ingestionRateMb: 10 };

/** Limits over files that a test rewrites, with a clock on which every sleep is over at once. */
class Fixture {
  readonly files: Record<string, string>;
  readonly sleptMs: number[] = [];
  readonly events: LogEvent[];
  readonly registry = new MetricRegistry();
  readonly limits: RuntimeLimits;
  /** Called in place of sleeping. */
  onSleep: () => void = () => undefined;

  constructor(files: Record<string, string>) {
    this.files = files;
    const { logger, events } = memoryLogger();
    this.events = events;
    const clock: Clock = {
      nowMs: () => 0,
      nowNanos: () => 0n,
      monotonicMs: () => 0,
      sleep: (ms) => {
        this.sleptMs.push(ms);
        this.onSleep();
        return Promise.resolve();
      },
    };
    const settings = { ...defaultsOf(runtimeConfigSettings), files: Object.keys(files) };
    const readFile = (path: string): Promise<string> => Promise.resolve(this.files[path] ?? "");
    this.limits = new RuntimeLimits(defaults, settings, { clock, logger, registry: this.registry, readFile });
  }

  rateOf(tenant: string): number {
    return this.limits.limitsFor(tenant).ingestionRateMb;
  }

  async lastReloadSucceeded(): Promise<boolean> {
    const { body } = await this.registry.expose();
    return /^pyroscope_runtime_config_last_reload_successful 1$/mu.test(body);
  }
}

describe("RuntimeLimits", () => {
  it("gives a tenant its overrides over the process's limits", async () => {
    const fixture = new Fixture({
      a: "overrides: { acme: { ingestion_burst_size_mb: 3 }, big: { ingestion_rate_mb: 99 } }",
    });
    await fixture.limits.start();
    expect(fixture.limits.limitsFor("acme")).toEqual({ ...defaults, ingestionBurstSizeMb: 3 });
    expect(fixture.rateOf("big")).toBe(99);
    expect(fixture.limits.limitsFor("other")).toBe(defaults);
  });

  it("follows the file", async () => {
    const fixture = new Fixture({
      a: "overrides: { acme: { ingestion_rate_mb: 1 }, gone: { ingestion_rate_mb: 1 } }",
    });
    await fixture.limits.start();
    fixture.files["a"] = "overrides: { acme: { ingestion_rate_mb: 2 } }";
    await fixture.limits.reload();
    expect([fixture.rateOf("acme"), fixture.rateOf("gone")]).toEqual([2, 10]);
    expect(await fixture.lastReloadSucceeded()).toBe(true);
  });

  it("keeps the last good limits when one of the files is bad, and says so", async () => {
    const fixture = new Fixture({ a: "overrides: { acme: { ingestion_rate_mb: 1 } }", b: "" });
    await fixture.limits.start();
    fixture.files["a"] = "overrides: { acme: { ingestion_rate_mb: 2 } }";
    fixture.files["b"] = "overrides: { acme: { nonsense: 2 } }";
    await fixture.limits.reload();
    expect(fixture.rateOf("acme")).toBe(1);
    expect(fixture.events.map(({ level, message }) => ({ level, message }))).toEqual([
      { level: "error", message: "overrides could not be read, the last good ones stay" },
    ]);
    expect(await fixture.lastReloadSucceeded()).toBe(false);
    fixture.files["b"] = "";
    await fixture.limits.reload();
    expect(fixture.rateOf("acme")).toBe(2);
    expect(await fixture.lastReloadSucceeded()).toBe(true);
  });

  it("does not start with overrides that it cannot read", async () => {
    await expect(new Fixture({ a: "nonsense: 1" }).limits.start()).rejects.toThrow(
      "a:1:1: unknown key nonsense",
    );
  });

  it("reads again in every period until it is told to stop", async () => {
    const fixture = new Fixture({ a: "" });
    const stop = new AbortController();
    fixture.onSleep = () => {
      const count = fixture.sleptMs.length;
      fixture.files["a"] = `overrides: { acme: { ingestion_rate_mb: ${count} } }`;
      if (count === 3) stop.abort();
    };
    await fixture.limits.reloadUntil(stop.signal);
    expect(fixture.sleptMs).toEqual([10_000, 10_000, 10_000]);
    expect(fixture.rateOf("acme")).toBe(3);
  });

  it("has nothing to do without a file", async () => {
    const fixture = new Fixture({});
    await fixture.limits.start();
    await fixture.limits.reloadUntil(new AbortController().signal);
    expect(fixture.sleptMs).toEqual([]);
  });

  it("shows the overrides as YAML", async () => {
    const fixture = new Fixture({ a: "overrides: { acme: { max_query_length: 2h } }" });
    await fixture.limits.start();
    expect(renderOverrides(fixture.limits.overridden, "diff")).toBe(
      "overrides:\n  acme:\n    ingestion_rate_mb: 10\n    max_query_length: 2h\n",
    );
    expect(renderOverrides(fixture.limits.overridden, "current")).toContain("    retention_period: 0s\n");
  });
});

describe("the settings of overrides", () => {
  const schemas = { limits: limitsSettings, runtimeConfig: runtimeConfigSettings };
  const load = (argv: string[]) =>
    loadSettings(schemas, { argv, env: {}, readFile: () => "", versionText: "", modulesText: "" });

  it("take several files", () => {
    expect(load(["-runtime-config.file=a.yaml,b.yaml"])).toMatchObject({
      settings: { runtimeConfig: { files: ["a.yaml", "b.yaml"], reloadPeriodMs: 10_000 } },
    });
  });

  it("take no URLs", () => {
    expect(() => load(["-runtime-config.file=https://x/y"])).toThrow("must name files, not https://x/y");
  });

  it("take relabelling rules as YAML or JSON in a flag", () => {
    const flag = '-distributor.ingestion-relabeling-rules=[{"action":"labeldrop","regex":"pod"}]';
    expect(load([flag])).toMatchObject({
      settings: { limits: { relabelRules: [{ action: "labeldrop", regex: "pod", separator: ";" }] } },
    });
  });
});
