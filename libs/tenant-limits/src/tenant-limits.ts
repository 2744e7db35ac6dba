import type { Clock } from "@hearth/runtime";
import { gauge, type Gauge, type Logger, type MetricRegistry } from "@hearth/telemetry";
import type { TenantLimits } from "./limits-schema.ts";
import { mergeOverrides, parseOverrides, type Overrides } from "./overrides-file.ts";
import type { RuntimeConfigSettings } from "./runtime-config-settings.ts";

/** Where the limits of a tenant are asked for, at each request: they change at run time. */
export interface LimitsSource {
  limitsFor(tenant: string): TenantLimits;
}

/** The same limits for every tenant, for ever. */
export function fixedLimits(limits: TenantLimits): LimitsSource {
  return { limitsFor: () => limits };
}

export interface RuntimeLimitsDeps {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly registry: MetricRegistry;
  readonly readFile: (path: string) => Promise<string>;
}

/** The process's limits with the overrides of tenants, which are read again and again. A bad file changes nothing. */
export class RuntimeLimits implements LimitsSource {
  readonly #defaults: TenantLimits;
  readonly #settings: RuntimeConfigSettings;
  readonly #deps: RuntimeLimitsDeps;
  readonly #isGood: Gauge;
  #byTenant: ReadonlyMap<string, TenantLimits> = new Map();

  constructor(defaults: TenantLimits, settings: RuntimeConfigSettings, deps: RuntimeLimitsDeps) {
    this.#defaults = defaults;
    this.#settings = settings;
    this.#deps = deps;
    this.#isGood = deps.registry.define({
      isGood: gauge(
        "runtime_config_last_reload_successful",
        "1 if the overrides could be read the last time.",
      ),
    }).isGood;
  }

  limitsFor(tenant: string): TenantLimits {
    return this.#byTenant.get(tenant) ?? this.#defaults;
  }

  /** The limits of the tenants that have overrides. */
  get overridden(): ReadonlyMap<string, TenantLimits> {
    return this.#byTenant;
  }

  /**
   * Reads the files for the first time.
   *
   * @throws {OverridesError} or the reader's error: a process does not start with overrides that it cannot read.
   */
  async start(): Promise<void> {
    this.#apply(await this.#read());
  }

  /** Reads the files again in every period until `stop` aborts: a background task. */
  async reloadUntil(stop: AbortSignal): Promise<void> {
    if (this.#settings.files.length === 0) return;
    while (!stop.aborted) {
      await this.#deps.clock.sleep(this.#settings.reloadPeriodMs, stop);
      await this.reload();
    }
  }

  /** Reads the files once more. When that fails, says so and keeps what was. */
  async reload(): Promise<void> {
    try {
      this.#apply(await this.#read());
    } catch (error) {
      this.#isGood.set(0);
      this.#deps.logger.error("overrides could not be read, the last good ones stay", { error });
    }
  }

  async #read(): Promise<Overrides> {
    const files = this.#settings.files.map(async (path) =>
      parseOverrides(path, await this.#deps.readFile(path)),
    );
    return mergeOverrides(await Promise.all(files));
  }

  #apply(overrides: Overrides): void {
    this.#byTenant = new Map(
      [...overrides].map(([tenant, limits]) => [tenant, { ...this.#defaults, ...limits }]),
    );
    this.#isGood.set(1);
  }
}
