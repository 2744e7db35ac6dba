export {
  metastoreClients,
  queryBackendClient,
  segmentWriterClient,
  segmentWriterMembers,
  type MetastoreClients,
  type SegmentWriterMember,
} from "./clients.ts";
export {
  defaultGroupTransportSettings,
  GroupTransport,
  type GroupTransportSettings,
} from "./group-transport.ts";
export { defaultPoolSettings, ServicePool, type PoolDeps, type PoolSettings } from "./service-pool.ts";
export { parseTarget, type Target } from "./target.ts";
