import { type Client, createClient, type Transport } from "@connectrpc/connect";
import {
  CompactionService,
  DataDeletionService,
  IndexService,
  MetadataQueryService,
  TenantService,
} from "@hearth/proto/hearth/metastore/v1";
import { QueryBackendService } from "@hearth/proto/hearth/query/v1";
import { SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";

import type { ServicePool } from "./service-pool.ts";

export interface MetastoreClients {
  readonly index: Client<typeof IndexService>;
  readonly metadataQuery: Client<typeof MetadataQueryService>;
  readonly tenants: Client<typeof TenantService>;
  readonly compaction: Client<typeof CompactionService>;
  readonly deletions: Client<typeof DataDeletionService>;
}

/** @param transport - a {@link ServicePool}, or the in-process transport where the metastore is in this process. */
export function metastoreClients(transport: Transport): MetastoreClients {
  return {
    index: createClient(IndexService, transport),
    metadataQuery: createClient(MetadataQueryService, transport),
    tenants: createClient(TenantService, transport),
    compaction: createClient(CompactionService, transport),
    deletions: createClient(DataDeletionService, transport),
  };
}

/** @param transport - as for {@link metastoreClients}. */
export function queryBackendClient(transport: Transport): Client<typeof QueryBackendService> {
  return createClient(QueryBackendService, transport);
}

/** @param transport - as for {@link metastoreClients}; of a pool, one member: placement chooses the writer. */
export function segmentWriterClient(transport: Transport): Client<typeof SegmentWriterService> {
  return createClient(SegmentWriterService, transport);
}

/** A segment writer that can be chosen. */
export interface SegmentWriterMember {
  readonly id: string;
  readonly address: string;
  readonly client: Client<typeof SegmentWriterService>;
  /** Whether a call would be sent now, or refused because it did not answer lately. */
  readonly isAvailable: () => boolean;
}

/** The segment writers of a pool now, sorted by id. */
export function segmentWriterMembers(pool: ServicePool): SegmentWriterMember[] {
  return pool.members.map((member) => ({
    id: member.address.id,
    address: `${member.address.host}:${member.address.port}`,
    client: segmentWriterClient(member),
    isAvailable: () => member.isAvailable,
  }));
}
