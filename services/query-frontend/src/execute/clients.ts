import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  GetTenantRequestSchema,
  GetTenantResponse,
  QueryMetadataLabelsRequestSchema,
  QueryMetadataLabelsResponse,
  QueryMetadataRequestSchema,
  QueryMetadataResponse,
} from "@hearth/proto/hearth/metastore/v1";
import type { InvokeRequestSchema, InvokeResponse } from "@hearth/proto/hearth/query/v1";

/** What the frontend asks of the metastore. */
export interface MetadataClient {
  queryMetadata(
    request: MessageInitShape<typeof QueryMetadataRequestSchema>,
    signal: AbortSignal,
  ): Promise<QueryMetadataResponse>;
  queryMetadataLabels(
    request: MessageInitShape<typeof QueryMetadataLabelsRequestSchema>,
    signal: AbortSignal,
  ): Promise<QueryMetadataLabelsResponse>;
  getTenant(
    request: MessageInitShape<typeof GetTenantRequestSchema>,
    signal: AbortSignal,
  ): Promise<GetTenantResponse>;
}

/** Any one of the query backends; retries and the choice among them are the client's. */
export interface BackendClient {
  invoke(request: MessageInitShape<typeof InvokeRequestSchema>, signal: AbortSignal): Promise<InvokeResponse>;
}
