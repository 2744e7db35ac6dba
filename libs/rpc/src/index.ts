export { abortReason, CALL_IS_OVER, isAbort } from "./abort-reason.ts";
export { requestIdKey, tenantsKey, type Tenants } from "./call-context.ts";
export {
  callMetricsInterceptor,
  outcomeOf,
  requestMetrics,
  RPC_METHOD,
  type RequestMetrics,
} from "./call-metrics.ts";
export { acceptAnyUtf8, binaryOptions, jsonOptions } from "./codec-options.ts";
export { deadlineInterceptor } from "./deadline-interceptor.ts";
export { errorInterceptor } from "./error-interceptor.ts";
export {
  fromConnectError,
  httpStatusOf,
  isExpected,
  RemoteError,
  retryAfterSeconds,
  toConnectError,
} from "./error-mapping.ts";
export { gzipCompression } from "./gzip.ts";
export { http2Transport, type Http2TransportSettings } from "./http2-transport.ts";
export { inProcessTransport } from "./in-process-transport.ts";
export { decodeRetryInfo, encodeRetryInfo, RETRY_INFO_TYPE } from "./retry-info.ts";
export { serverInterceptors, type ServerInterceptorOptions } from "./server-interceptors.ts";
export {
  implement,
  methodPath,
  mountServices,
  unimplementedServices,
  type ServiceRegistration,
} from "./service-registration.ts";
export { requestGate, type TenantResolver } from "./request-gate.ts";
export { unaryMethods, type UnaryMethod } from "./unary-methods.ts";
export {
  undiciTransport,
  type ClientTls,
  type ClosableTransport,
  type UndiciTransportSettings,
} from "./undici-transport.ts";
export { allowUtf8LabelNames } from "./utf8-label-names.ts";
export { type AnswerForm, answerFormKey, encodedMessage } from "./written-answer.ts";
