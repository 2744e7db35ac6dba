import { create } from "@bufbuild/protobuf";
import { DomainError, UnimplementedError } from "@hearth/errors";
import {
  DeliverResponseSchema,
  InstallSnapshotResponseSchema,
  RaftTransportService,
  SnapshotState,
  type DeliverRequest,
  type DeliverResponse,
} from "@hearth/proto/hearth/raft/v1";
import type { ChainFunction, NodeId } from "@hearth/raft";
import { implement, type ServiceRegistration } from "@hearth/rpc";
import { itemsUntilAborted } from "@hearth/runtime";
import type { Identity } from "../replicated-log/identity.ts";
import { checkEnvelope, ForeignEnvelopeError } from "./envelope.ts";
import { MAX_REQUEST_BYTES } from "./frame-limits.ts";
import type { FrameMessage } from "./frame-message.ts";
import { InvalidFrameError } from "./invalid-frame-error.ts";
import { decodeSnapshotChunk } from "./snapshot-id.ts";
import type { SnapshotAnswer, SnapshotReceiver } from "./snapshot-receiver.ts";
import type { RefusalReport, TransportObserver } from "./transport-observer.ts";
import { decodeFrame } from "./wire-messages.ts";

export interface RaftTransportServiceDeps {
  /** Of this node. */
  readonly identity: Identity;
  readonly chainOf: ChainFunction;
  /**
   * Given messages that were checked, in the order in which they were sent. Takes them and returns: the sender waits.
   * Payloads of entries are views into the frame; they never change.
   */
  readonly onMessage: (message: FrameMessage) => void;
  /** Snapshots are refused without. */
  readonly snapshots: SnapshotReceiver | undefined;
  readonly observer: TransportObserver;
  /** Ends the streams of peers: a server cannot close while one is open. */
  readonly closing: AbortSignal;
}

/**
 * What a node offers to its peers. A frame is taken as a whole or refused as a whole, before the core sees any of it: with
 * `permission_denied` when it is not for this node, `invalid_argument` when it is not as it must be.
 */
export function raftTransportService(deps: RaftTransportServiceDeps): ServiceRegistration {
  const { observer } = deps;
  return implement(
    RaftTransportService,
    {
      deliver: (requests) => takeFrames(requests, deps),
      installSnapshot: async (request) => {
        const chunk = counted(observer, () => {
          const from = checkEnvelope(request.envelope, deps.identity);
          return decodeSnapshotChunk(from, request);
        });
        if (!deps.snapshots) throw new UnimplementedError("this node takes no snapshots");
        const { state, offset } = await deps.snapshots.receive(chunk);
        return create(InstallSnapshotResponseSchema, { state: STATES[state], offset: BigInt(offset) });
      },
    },
    { readMaxBytes: MAX_REQUEST_BYTES },
  );
}

/** Takes over one frame after the other, and acknowledges each. */
async function* takeFrames(
  requests: AsyncIterable<DeliverRequest>,
  deps: RaftTransportServiceDeps,
): AsyncGenerator<DeliverResponse> {
  let sender: NodeId | undefined;
  for await (const request of itemsUntilAborted(requests, deps.closing)) {
    sender = takeFrame(request, sender, deps);
    yield create(DeliverResponseSchema);
  }
}

/** @param sender - undefined for the first frame of a stream. */
function takeFrame(
  { envelope, frame }: DeliverRequest,
  sender: NodeId | undefined,
  { identity, chainOf, observer, onMessage }: RaftTransportServiceDeps,
): NodeId {
  const { from, messages } = counted(observer, () => {
    const from = sender ?? checkEnvelope(envelope, identity);
    return { from, messages: decodeFrame(frame, { from, to: identity.nodeId, chainOf }) };
  });
  const { length: messageCount } = messages;
  observer.onFrame({ direction: "received", node: from, messageCount, sizeBytes: frame.length });
  for (const message of messages) onMessage(message);
  return from;
}

const STATES: Readonly<Record<SnapshotAnswer["state"], SnapshotState>> = {
  receiving: SnapshotState.RECEIVING,
  verifying: SnapshotState.VERIFYING,
  installed: SnapshotState.INSTALLED,
  refused: SnapshotState.REFUSED,
};

/** Tells the observer of what `check` refuses. */
export function counted<T>(observer: TransportObserver, check: () => T): T {
  try {
    return check();
  } catch (error) {
    const reason = refusalOf(error);
    if (reason !== undefined && error instanceof DomainError) observer.onRefused({ reason, error });
    throw error;
  }
}

function refusalOf(error: unknown): RefusalReport["reason"] | undefined {
  if (error instanceof ForeignEnvelopeError) return "foreign";
  return error instanceof InvalidFrameError ? "invalid" : undefined;
}
