export { callPeer } from "./call-peer.ts";
export { checkEnvelope, envelopeTo, ForeignEnvelopeError, originOf } from "./envelope.ts";
export type { FrameMessage } from "./frame-message.ts";
export { InvalidFrameError, safeInteger } from "./invalid-frame-error.ts";
export { RaftTransport, type RaftTransportDeps } from "./raft-transport.ts";
export type { SnapshotId } from "./snapshot-id.ts";
export { SnapshotReceiver, type SnapshotReceiverDeps } from "./snapshot-receiver.ts";
export type { OutgoingSnapshot } from "./snapshot-sending.ts";
export type {
  DropReason,
  DropReport,
  FrameReport,
  RefusalReport,
  TransportObserver,
} from "./transport-observer.ts";
export { counted, raftTransportService, type RaftTransportServiceDeps } from "./transport-service.ts";
export {
  defaultRaftTransportSettings,
  type QueueLimits,
  type RaftTransportSettings,
} from "./transport-settings.ts";
export { readTlsFiles, serverTls, type ServerTls, type TlsPaths } from "./transport-tls.ts";
