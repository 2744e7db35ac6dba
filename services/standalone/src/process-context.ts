import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Transport } from "@connectrpc/connect";
import { defaultPoolSettings, GroupTransport, parseTarget, ServicePool } from "@hearth/clients";
import type { Target } from "@hearth/config";
import { decodingThreads } from "@hearth/distributor";
import { hasPeers } from "@hearth/metastore";
import {
  FilesystemObjectStore,
  InstrumentedObjectStore,
  objectStoreMetrics,
  type ObjectStore,
} from "@hearth/object-store";
import {
  inProcessTransport,
  requestMetrics,
  serverInterceptors,
  type RequestMetrics,
  type ServiceRegistration,
} from "@hearth/rpc";
import { systemClock, systemRandom, TaskGroup, type Clock, type Random } from "@hearth/runtime";
import { buildThreads } from "@hearth/segment-writer";
import { MetricRegistry, type RootLogger } from "@hearth/telemetry";
import { TENANT_HEADER, tenantResolver } from "@hearth/tenancy";
import { RuntimeLimits } from "@hearth/tenant-limits";
import { Threads } from "@hearth/worker-pool";
import type { HearthSettings } from "./settings.ts";

/** Longest call between parts. */
const MAX_INTERNAL_CALL_MS = 60_000;

const THREAD_IDLE_MS = 60_000;

/**
 * What the parts of a process share. Whatever is opened here is closed with `opened`, in reverse order; parts add
 * themselves to it too.
 */
export class ProcessContext {
  readonly settings: HearthSettings;
  readonly logger: RootLogger;
  readonly clock: Clock = systemClock;
  readonly random: Random = systemRandom;
  readonly registry: MetricRegistry;
  readonly requestMetrics: RequestMetrics;
  readonly opened: AsyncDisposableStack = new AsyncDisposableStack();
  readonly tasks: TaskGroup;
  /** What the parts of this process offer each other, in the order in which they start. */
  readonly services: ServiceRegistration[] = [];
  #ingestThreads: Threads | undefined;

  constructor(settings: HearthSettings, logger: RootLogger, onFailure: (problem: string) => void) {
    this.settings = settings;
    this.logger = logger;
    this.registry = new MetricRegistry(settings.metrics);
    this.requestMetrics = requestMetrics(this.registry);
    this.tasks = new TaskGroup((name, error) => onFailure(`task ${name} failed: ${String(error)}`));
    this.opened.defer(() => logger.flush());
    this.opened.defer(() => this.tasks.stop());
  }

  /** What nearly every part is given. */
  get shared(): Pick<ProcessContext, "clock" | "random" | "registry" | "resolveTenants"> {
    const { clock, random, registry, resolveTenants } = this;
    return { clock, random, registry, resolveTenants };
  }

  /** Whether this process runs a part. */
  runs(target: Target): boolean {
    const targets = this.settings.process.target;
    return targets.includes("all") || targets.includes(target);
  }

  /** Whether this process runs a part, and nothing else. */
  runsOnly(target: Target): boolean {
    return this.settings.process.target.every((each) => each === target);
  }

  /**
   * The threads in which profiles are prepared and segments built. Where one process does both, the two share them: half
   * as many threads compile and hold the code. To be asked for before the part that uses them is opened.
   */
  ingestThreads(): { readonly threads?: Threads } {
    const { distributor, segmentWriter } = this.settings;
    if (!this.runs("distributor") || !this.runs("segment-writer")) return {};
    if (this.#ingestThreads === undefined) {
      const maxThreads = Math.max(decodingThreads(distributor), buildThreads(segmentWriter));
      this.#ingestThreads = new Threads({ maxThreads, idleTimeoutMs: THREAD_IDLE_MS });
      this.opened.use(this.#ingestThreads);
    }
    return { threads: this.#ingestThreads };
  }

  /** The tenants that a request's headers name. @throws {UnauthenticatedError} */
  readonly resolveTenants = (header: Headers): readonly string[] =>
    tenantResolver(this.settings.process).forRead(header.get(TENANT_HEADER));

  /** Root folder of the bucket, with the prefix that several systems share it by. */
  get storageDir(): string {
    const { filesystemDir, prefix } = this.settings.storage;
    return join(filesystemDir, prefix);
  }

  async openObjectStore(): Promise<ObjectStore> {
    await mkdir(this.storageDir, { recursive: true });
    const store = new FilesystemObjectStore({ dir: this.storageDir }, this);
    await store.start(this.tasks.signal);
    this.opened.use(store);
    return new InstrumentedObjectStore(store, {
      bucket: "filesystem",
      metrics: objectStoreMetrics(this.registry),
      clock: this.clock,
    });
  }

  async openLimits(): Promise<RuntimeLimits> {
    const limits = new RuntimeLimits(this.settings.limits, this.settings.runtimeConfig, {
      clock: this.clock,
      logger: this.logger.child("limits"),
      registry: this.registry,
      readFile: (path) => readFile(path, "utf8"),
    });
    await limits.start();
    this.tasks.spawn("limits", (stop) => limits.reloadUntil(stop));
    return limits;
  }

  /** Whether the metastore of this process is one of several, now or later: another one may lead. */
  get hasMetastoreOfGroup(): boolean {
    return this.runs("metastore") && hasPeers(this.settings.metastore);
  }

  /** The way to a part: in memory when it runs here, else over the network. Of several metastores one leads. */
  async transportTo(target: Target, address: string): Promise<Transport> {
    const mayBeElsewhere = target === "metastore" && this.hasMetastoreOfGroup;
    if (this.runs(target) && !mayBeElsewhere) return this.inProcess();
    const pool = await this.openPool(address);
    return target === "metastore" ? new GroupTransport(pool, this) : pool;
  }

  /** Calls the parts of this process that have started. */
  inProcess(): Transport {
    const interceptors = serverInterceptors({
      logger: this.logger.child("rpc"),
      clock: this.clock,
      maxDurationMs: MAX_INTERNAL_CALL_MS,
      metrics: this.requestMetrics,
    });
    return inProcessTransport(this.services, interceptors);
  }

  /** Connections to the processes behind an address. */
  async openPool(address: string): Promise<ServicePool> {
    const pool = new ServicePool(parseTarget(address), defaultPoolSettings, {
      clock: this.clock,
      random: this.random,
      logger: this.logger.child("clients"),
    });
    this.opened.use(pool);
    await pool.start();
    return pool;
  }
}
