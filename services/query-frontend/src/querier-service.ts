import type { HandlerContext, ServiceImpl } from "@connectrpc/connect";
import { QuerierService } from "@hearth/proto/querier/v1";
import {
  allowUtf8LabelNames,
  answerFormKey,
  implement,
  type ServiceRegistration,
  tenantsKey,
} from "@hearth/rpc";

import type { QueryCall, QueryFrontend } from "./query-frontend.ts";
import { analyzeQuery } from "./rpc/analyze-query.ts";
import { diff } from "./rpc/diff.ts";
import { getProfileStats } from "./rpc/get-profile-stats.ts";
import { labelNames } from "./rpc/label-names.ts";
import { labelValues } from "./rpc/label-values.ts";
import { profileTypes } from "./rpc/profile-types.ts";
import { selectHeatmap } from "./rpc/select-heatmap.ts";
import { selectMergeProfile } from "./rpc/select-merge-profile.ts";
import { selectMergeSpanProfile } from "./rpc/select-merge-span-profile.ts";
import { selectMergeStacktraces } from "./rpc/select-merge-stacktraces.ts";
import { selectSeries } from "./rpc/select-series.ts";
import { series } from "./rpc/series.ts";

/** The read API, to be mounted on a server that puts the tenants of each call into its context. */
export function querierService(frontend: QueryFrontend): ServiceRegistration {
  return implement(QuerierService, implementation(frontend));
}

function implementation(frontend: QueryFrontend): ServiceImpl<typeof QuerierService> {
  return {
    profileTypes: (request, context) => profileTypes(frontend, request, callOf(context)),
    labelValues: (request, context) => labelValues(frontend, request, callOf(context)),
    labelNames: (request, context) => labelNames(frontend, request, callOf(context)),
    series: (request, context) => series(frontend, request, callOf(context)),
    selectMergeStacktraces: (request, context) => selectMergeStacktraces(frontend, request, callOf(context)),
    selectMergeSpanProfile: (request, context) => selectMergeSpanProfile(frontend, request, callOf(context)),
    selectMergeProfile: (request, context) => selectMergeProfile(frontend, request, callOf(context)),
    selectSeries: (request, context) => selectSeries(frontend, request, callOf(context)),
    selectHeatmap: (request, context) => selectHeatmap(frontend, request, callOf(context)),
    diff: (request, context) => diff(frontend, request, callOf(context)),
    getProfileStats: (_, context) => getProfileStats(frontend, callOf(context)),
    analyzeQuery: (request, context) => analyzeQuery(frontend, request, callOf(context)),
  };
}

function callOf({ values, requestHeader, signal }: HandlerContext): QueryCall {
  return {
    tenants: values.get(tenantsKey),
    acceptsUtf8LabelNames: allowUtf8LabelNames(requestHeader),
    answerForm: values.get(answerFormKey),
    signal,
  };
}
