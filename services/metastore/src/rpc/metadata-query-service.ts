import { create } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import { createMatcher, type Labels, type MatchOperator } from "@hearth/labels";
import {
  LabelPairSchema,
  LabelSetSchema,
  MatchType,
  MetadataQueryService,
  QueryMetadataLabelsResponseSchema,
  QueryMetadataResponseSchema,
  type LabelMatcher,
  type LabelSet,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import { queryLabels, queryMetadata, type LabelPredicate, type MetadataQuery } from "../index-state/query.ts";
import type { StateReader } from "./state-reader.ts";
import { WireBlocks } from "./wire-blocks.ts";

/** The part that both requests share. */
interface WireQuery {
  readonly tenants: readonly string[];
  readonly startTimeMs: bigint;
  readonly endTimeMs: bigint;
  readonly matchers: readonly LabelMatcher[];
}

const OPERATORS: ReadonlyMap<MatchType, MatchOperator> = new Map([
  [MatchType.EQUAL, "="],
  [MatchType.NOT_EQUAL, "!="],
  [MatchType.REGEX, "=~"],
  [MatchType.NOT_REGEX, "!~"],
]);

/** Messages of datasets that are kept, of about 2 kB each. */
const KEPT_DATASETS = 8_000;

/** `MetadataQueryService`: which blocks, or which label sets, may match. */
export function metadataQueryService(deps: { reader: StateReader }): ServiceRegistration {
  const wire = new WireBlocks(KEPT_DATASETS);
  return implement(MetadataQueryService, {
    queryMetadata(request, context) {
      const query = decodeQuery(request);
      return deps.reader.read(context.signal, ({ index }) =>
        create(QueryMetadataResponseSchema, {
          blocks: queryMetadata(index, query).map((block) => wire.of(block)),
        }),
      );
    },
    queryMetadataLabels(request, context) {
      const query = { ...decodeQuery(request), labelNames: request.labelNames };
      return deps.reader.read(context.signal, ({ index }) =>
        create(QueryMetadataLabelsResponseSchema, { labelSets: queryLabels(index, query).map(encodeLabels) }),
      );
    },
  });
}

/** @throws {InvalidArgumentError} */
function decodeQuery(request: WireQuery): MetadataQuery {
  if (request.tenants.length === 0) throw new InvalidArgumentError("no tenant is named");
  return {
    tenants: request.tenants,
    startMs: Number(request.startTimeMs),
    endMs: Number(request.endTimeMs) + 1,
    predicates: request.matchers.map(decodeMatcher),
  };
}

function decodeMatcher({ name, value, type }: LabelMatcher): LabelPredicate {
  const operator = OPERATORS.get(type);
  if (!operator) throw new InvalidArgumentError(`unknown match type: type=${type}`);
  return createMatcher({ name, value, operator });
}

function encodeLabels(labels: Labels): LabelSet {
  return create(LabelSetSchema, { labels: labels.map((label) => create(LabelPairSchema, label)) });
}
