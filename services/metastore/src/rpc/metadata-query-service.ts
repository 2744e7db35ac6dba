import { create } from "@bufbuild/protobuf";
import { conditionFromWire, deletionToWire } from "@hearth/deletions";
import { InvalidArgumentError } from "@hearth/errors";
import { createMatcher, type Labels } from "@hearth/labels";
import {
  BlockDeletionsSchema,
  LabelPairSchema,
  LabelSetSchema,
  MetadataQueryService,
  QueryMetadataLabelsResponseSchema,
  QueryMetadataResponseSchema,
  type BlockDeletions,
  type DataDeletion as WireDeletion,
  type LabelMatcher,
  type LabelSet,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import type { Deletion } from "../deletions/deletion.ts";
import {
  queryLabels,
  queryMetadata,
  type LabelPredicate,
  type MatchingBlock,
  type MetadataQuery,
} from "../index-state/query.ts";
import type { StateReader } from "./state-reader.ts";
import { WireBlocks } from "./wire-blocks.ts";

/** The part that both requests share. */
interface WireQuery {
  readonly tenants: readonly string[];
  readonly startTimeMs: bigint;
  readonly endTimeMs: bigint;
  readonly matchers: readonly LabelMatcher[];
}

/** Messages of datasets that are kept, of about 2 kB each. */
const KEPT_DATASETS = 8_000;

/** `MetadataQueryService`: which blocks, or which label sets, may match. */
export function metadataQueryService(deps: { reader: StateReader }): ServiceRegistration {
  const wire = new WireBlocks(KEPT_DATASETS);
  return implement(MetadataQueryService, {
    queryMetadata(request, context) {
      const query = decodeQuery(request);
      return deps.reader.read(context.signal, ({ index, deletions }) => {
        const blocks = queryMetadata(index, deletions.scopes, query);
        return create(QueryMetadataResponseSchema, {
          blocks: blocks.map((block) => wire.of(block)),
          ...wireDeletions(blocks),
        });
      });
    },
    queryMetadataLabels(request, context) {
      const query = { ...decodeQuery(request), labelNames: request.labelNames };
      return deps.reader.read(context.signal, ({ index, deletions }) => {
        const { labelSets, mayBeDeleted } = queryLabels(index, deletions.scopes, query);
        return create(QueryMetadataLabelsResponseSchema, {
          labelSets: labelSets.map(encodeLabels),
          mayBeDeleted,
        });
      });
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

function decodeMatcher(matcher: LabelMatcher): LabelPredicate {
  return createMatcher(conditionFromWire(matcher));
}

/** Deletions that touch the blocks, each once, and for each block that has any their positions. */
function wireDeletions(blocks: readonly MatchingBlock[]): {
  deletions: WireDeletion[];
  blockDeletions: BlockDeletions[];
} {
  const positions = new Map<number, number>();
  const distinct: Deletion[] = [];
  const blockDeletions: BlockDeletions[] = [];
  for (const [block, { deletions }] of blocks.entries()) {
    if (deletions.length === 0) continue;
    for (const deletion of deletions) {
      if (!positions.has(deletion.number)) positions.set(deletion.number, distinct.push(deletion) - 1);
    }
    const own = deletions.map(({ number }) => positions.get(number)!);
    blockDeletions.push(create(BlockDeletionsSchema, { block, deletions: own }));
  }
  return { deletions: distinct.map(deletionToWire), blockDeletions };
}

function encodeLabels(labels: Labels): LabelSet {
  return create(LabelSetSchema, { labels: labels.map((label) => create(LabelPairSchema, label)) });
}
