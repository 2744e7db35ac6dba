import type { MessageInitShape } from "@bufbuild/protobuf";
import type { SectionKind } from "@hearth/proto/hearth/block/v1";
import type { LabelSet } from "@hearth/proto/hearth/metastore/v1";
import type { InvokeResponse, QuerySchema, Report } from "@hearth/proto/hearth/query/v1";
import { planBlocks, planQuery, type PlanBounds, type QueryLeaf, type QueryPlan } from "@hearth/query-plan";
import { deadline, Semaphore } from "@hearth/runtime";
import type { Logger } from "@hearth/telemetry";

import type { QueryFrontendMetrics } from "../metrics.ts";
import type { Matcher } from "../request/selectors.ts";
import type { TimeRange } from "../request/time-range.ts";
import type { BackendClient, MetadataClient } from "./clients.ts";
import { LabelAnswers, type LabelQuery } from "./label-answers.ts";
import { leafDeletions, plannedBlocks, type PlannedBlock } from "./planned-blocks.ts";
import { isMissingObject, missingObjectError, queryError } from "./query-errors.ts";

/** Which profiles a query is about. */
export interface QueryScope {
  /** At least one; sorted. */
  readonly tenants: readonly string[];
  readonly range: TimeRange;
  /** A conjunction. */
  readonly matchers: readonly Matcher[];
  /** What it reads of each dataset. */
  readonly sections: readonly SectionKind[];
}

export type Query = NonNullable<MessageInitShape<typeof QuerySchema>["query"]>;

export interface QueryExecutorSettings extends PlanBounds {
  /** Reads of one query that run at once. */
  readonly maxConcurrentReads: number;
  /** A query that takes longer is given up. */
  readonly timeoutMs: number;
}

export interface QueryExecutorDeps {
  readonly metadata: MetadataClient;
  readonly backend: BackendClient;
  readonly metrics: QueryFrontendMetrics;
  readonly logger: Logger;
}

/** Finds the blocks of a query, divides them among backends and collects what these report. */
export class QueryExecutor {
  readonly #deps: QueryExecutorDeps;
  readonly #settings: QueryExecutorSettings;
  readonly #labelAnswers = new LabelAnswers();

  constructor(settings: QueryExecutorSettings, deps: QueryExecutorDeps) {
    this.#settings = settings;
    this.#deps = deps;
  }

  /**
   * Answers `query`, leaf by leaf; the caller merges. When an object has vanished since the metadata was read, all is
   * read again once from fresh metadata: a compaction has moved its profiles.
   *
   * @throws {DataLossError} if an object is still missing then.
   */
  async run(scope: QueryScope, query: Query, signal: AbortSignal): Promise<Report[]> {
    return this.#replanning(signal, (limit) => this.#attempt(scope, query, limit));
  }

  /**
   * Label names, or values of a label, of matching series: each once. Only blocks are read that the same question was not
   * asked of before. Fails as {@link run} does.
   */
  async labels(scope: QueryScope, query: LabelQuery, signal: AbortSignal): Promise<string[]> {
    return this.#replanning(signal, (limit) => this.#attemptLabels(scope, query, limit));
  }

  /** What {@link run} would read. */
  async plan(scope: QueryScope, signal: AbortSignal): Promise<QueryPlan<PlannedBlock>> {
    const plan = planQuery(await this.#find(scope, signal), this.#settings);
    // Blocks reach beyond the range, and so may what their time was cut to.
    const { startMs, endMs } = scope.range;
    const leaves = plan.leaves.filter(({ fromMs, beforeMs }) => fromMs <= endMs && beforeMs > startMs);
    return { ...plan, leaves };
  }

  /**
   * Distinct label sets of the datasets that may hold matching profiles, without reading a block.
   *
   * @returns undefined when some may have no rows left, so that only the series tell.
   */
  async datasetLabels(
    scope: QueryScope,
    labelNames: readonly string[],
    signal: AbortSignal,
  ): Promise<LabelSet[] | undefined> {
    using limit = deadline(this.#settings.timeoutMs, signal);
    const request = {
      tenants: [...scope.tenants],
      ...wireRange(scope.range),
      matchers: [...scope.matchers],
      labelNames: [...labelNames],
    };
    try {
      const answer = await this.#deps.metadata.queryMetadataLabels(request, limit.signal);
      return answer.mayBeDeleted ? undefined : answer.labelSets;
    } catch (error) {
      throw queryError(error, limit.signal);
    }
  }

  async #replanning<T>(signal: AbortSignal, attempt: (limit: AbortSignal) => Promise<T>): Promise<T> {
    using limit = deadline(this.#settings.timeoutMs, signal);
    try {
      return await attempt(limit.signal);
    } catch (error) {
      if (!isMissingObject(error)) throw queryError(error, limit.signal);
      this.#deps.logger.info("an object has vanished, the query is planned again", { error });
    }
    try {
      return await attempt(limit.signal);
    } catch (error) {
      if (!isMissingObject(error)) throw queryError(error, limit.signal);
      this.#deps.metrics.missingObjects.inc();
      throw missingObjectError(error);
    }
  }

  /** The blocks that may hold what a query is about. */
  async #find(scope: QueryScope, signal: AbortSignal): Promise<PlannedBlock[]> {
    const { tenants, range, matchers, sections } = scope;
    const response = await this.#deps.metadata.queryMetadata(
      { tenants: [...tenants], ...wireRange(range), matchers: [...matchers] },
      signal,
    );
    const blocks = plannedBlocks(response, sections);
    const metadataBytes = blocks.reduce((sum, { metaSizeBytes }) => sum + metaSizeBytes, 0);
    this.#countFetched(tenants, "metastore", metadataBytes);
    return blocks;
  }

  async #attempt(scope: QueryScope, query: Query, signal: AbortSignal): Promise<Report[]> {
    const responses = await this.#read(scope, query, await this.plan(scope, signal), signal);
    return responses.flatMap(({ reports }) => reports);
  }

  async #attemptLabels(scope: QueryScope, query: LabelQuery, signal: AbortSignal): Promise<string[]> {
    const question = this.#labelAnswers.question(query, scope.matchers);
    const { known, unknown } = question.recall(await this.#find(scope, signal));
    if (unknown.length === 0) return question.unite(known, []);
    const plan = planBlocks(unknown, this.#settings);
    const responses = await this.#read(scope, query, plan, signal);
    const fresh = responses.flatMap(({ reports }, leaf) =>
      reports.map((report) => question.learn(plan.leaves[leaf]?.blocks ?? [], report)),
    );
    return question.unite(known, fresh);
  }

  /** Reads all leaves and counts what that took; the first failure stops the others. */
  async #read(
    scope: QueryScope,
    query: Query,
    plan: QueryPlan<PlannedBlock>,
    signal: AbortSignal,
  ): Promise<InvokeResponse[]> {
    const slots = new Semaphore(this.#settings.maxConcurrentReads);
    const stop = new AbortController();
    const both = AbortSignal.any([signal, stop.signal]);
    const readLeaf = ({ blocks, ...part }: QueryLeaf<PlannedBlock>): Promise<InvokeResponse> =>
      this.#deps.backend.invoke(
        {
          tenants: [...scope.tenants],
          ...leafRange(scope.range, part),
          matchers: [...scope.matchers],
          queries: [{ query }],
          blocks: blocks.map(({ meta }) => meta),
          ...leafDeletions(blocks),
        },
        both,
      );
    try {
      const responses = await Promise.all(plan.leaves.map((leaf) => slots.run(() => readLeaf(leaf), both)));
      this.#countRead(scope.tenants, plan, responses);
      return responses;
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  }

  #countRead(
    tenants: readonly string[],
    plan: QueryPlan<PlannedBlock>,
    responses: readonly InvokeResponse[],
  ): void {
    const fetchedBytes = responses.reduce((sum, { usage }) => sum + Number(usage?.fetchedBytes ?? 0n), 0);
    this.#countFetched(tenants, "object_storage", fetchedBytes);
    if (fetchedBytes > 0) this.#deps.metrics.estimationAccuracy.observe(plan.readBytes / fetchedBytes);
  }

  #countFetched(tenants: readonly string[], kind: "metastore" | "object_storage", sizeBytes: number): void {
    this.#deps.metrics.fetchedBytes.inc({ tenant: tenants.join("|"), kind }, sizeBytes);
  }
}

/** The part of a range that a leaf reads. A cut lies between two milliseconds, the end of the range on one. */
function leafRange(
  { startMs, endMs }: TimeRange,
  { fromMs, beforeMs }: Pick<QueryLeaf<PlannedBlock>, "fromMs" | "beforeMs">,
): { startTimeMs: bigint; endTimeMs: bigint; wholeEndMs?: boolean } {
  const from = Math.max(startMs, fromMs);
  if (beforeMs > endMs) return wireRange({ startMs: from, endMs });
  return { ...wireRange({ startMs: from, endMs: beforeMs - 1 }), wholeEndMs: true };
}

function wireRange({ startMs, endMs }: TimeRange): { startTimeMs: bigint; endTimeMs: bigint } {
  return { startTimeMs: BigInt(startMs), endTimeMs: BigInt(endMs) };
}
