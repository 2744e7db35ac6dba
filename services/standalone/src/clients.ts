import { createClient, type Transport } from "@connectrpc/connect";
import type { SegmentWriterClient } from "@hearth/distributor";
import { IndexService, MetadataQueryService, TenantService } from "@hearth/proto/hearth/metastore/v1";
import { QueryBackendService } from "@hearth/proto/hearth/query/v1";
import { SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";
import type { BackendClient, MetadataClient } from "@hearth/query-frontend";
import type { BlockIndex } from "@hearth/segment-writer";
import type { GetTenantsResponse } from "@hearth/proto/hearth/metastore/v1";

/** What the parts ask of each other, over any transport. */

export function blockIndex(transport: Transport): BlockIndex {
  const client = createClient(IndexService, transport);
  return { addBlocks: (request, signal) => client.addBlocks(request, { signal }) };
}

export interface TenantDirectory {
  getTenants(signal: AbortSignal): Promise<GetTenantsResponse>;
}

export function metadataClient(transport: Transport): MetadataClient & TenantDirectory {
  const metadata = createClient(MetadataQueryService, transport);
  const tenants = createClient(TenantService, transport);
  return {
    queryMetadata: (request, signal) => metadata.queryMetadata(request, { signal }),
    queryMetadataLabels: (request, signal) => metadata.queryMetadataLabels(request, { signal }),
    getTenants: (signal) => tenants.getTenants({}, { signal }),
    getTenant: (request, signal) => tenants.getTenant(request, { signal }),
  };
}

export function backendClient(transport: Transport): BackendClient {
  const client = createClient(QueryBackendService, transport);
  return { invoke: (request, signal) => client.invoke(request, { signal }) };
}

export function segmentWriterClient(transport: Transport): SegmentWriterClient {
  const client = createClient(SegmentWriterService, transport);
  return { push: (request, signal) => client.push(request, { signal }) };
}
