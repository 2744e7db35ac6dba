export {
  admits,
  closedBreaker,
  stepAdmit,
  stepOutcome,
  type Breaker,
  type Outcome,
} from "./circuit-breaker.ts";
export {
  metastoreClients,
  queryBackendClient,
  segmentWriterClient,
  segmentWriterMembers,
  type MetastoreClients,
  type SegmentWriterMember,
} from "./clients.ts";
export { Connection } from "./connection.ts";
export {
  defaultGroupTransportSettings,
  GroupTransport,
  type GroupTransportSettings,
} from "./group-transport.ts";
export { resolveTarget, systemLookup, type Lookup } from "./resolve.ts";
export { defaultPoolSettings, ServicePool, type PoolDeps, type PoolSettings } from "./service-pool.ts";
export { parseTarget, type Address, type Target } from "./target.ts";
