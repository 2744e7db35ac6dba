import type { AnswerForm } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";

import type { QueryFrontendSettings } from "./config.ts";
import type { QueryExecutor } from "./execute/query-executor.ts";
import type { MetadataClient } from "./execute/clients.ts";
import type { Merger } from "./merge/merger.ts";
import type { QueryLimits } from "./request/query-limits.ts";

/** What every call needs. */
export interface QueryFrontend {
  readonly executor: QueryExecutor;
  readonly merger: Merger;
  readonly metadata: MetadataClient;
  /** The limits of several tenants together; read for each call, since they change at run time. */
  readonly limitsFor: (tenants: readonly string[]) => QueryLimits;
  readonly clock: Clock;
  readonly settings: Pick<QueryFrontendSettings, "maxPointsPerSeries">;
}

/** Who calls. */
export interface QueryCall {
  /** At least one; sorted, distinct. */
  readonly tenants: readonly string[];
  readonly acceptsUtf8LabelNames: boolean;
  /** In which form an answer may be handed over. */
  readonly answerForm: AnswerForm;
  /** Aborts when the caller goes away or its deadline passes. */
  readonly signal: AbortSignal;
}
