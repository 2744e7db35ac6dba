export {
  createServer,
  defaultLimits,
  HearthServer,
  type ListenerSettings,
  type Routes,
  type ServerDeps,
} from "./create-server.ts";
export { DualProtocolServer, type ConnectionLimits } from "./dual-protocol-server.ts";
export { HealthStatus } from "./health.ts";
export { operationsRoutes, type ConfigPages, type OperationsDeps } from "./operations-routes.ts";
export { plainErrorHandler, sendPlainError } from "./plain-errors.ts";
export { Readiness, type CheckResult, type ReadinessCheck } from "./readiness.ts";
