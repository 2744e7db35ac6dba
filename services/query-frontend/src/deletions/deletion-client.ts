import type { MessageInitShape } from "@bufbuild/protobuf";
import type {
  ListDeletionsRequestSchema,
  ListDeletionsResponse,
  RequestDeletionRequestSchema,
  RequestDeletionResponse,
} from "@hearth/proto/hearth/metastore/v1";

/** What the deletion API asks of the metastore. */
export interface DeletionClient {
  requestDeletion(
    request: MessageInitShape<typeof RequestDeletionRequestSchema>,
    signal: AbortSignal,
  ): Promise<RequestDeletionResponse>;
  listDeletions(
    request: MessageInitShape<typeof ListDeletionsRequestSchema>,
    signal: AbortSignal,
  ): Promise<ListDeletionsResponse>;
}
