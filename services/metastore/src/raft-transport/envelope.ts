import { Code, DomainError } from "@hearth/errors";
import type { Envelope } from "@hearth/proto/hearth/raft/v1";
import { nameOf, type NodeId } from "@hearth/raft";
import type { Identity } from "../replicated-log/identity.ts";
import { InvalidFrameError, required, safeInteger } from "./invalid-frame-error.ts";

/** The request is for another cluster, another life of it, or another node: whoever sent it must not be heard. */
export class ForeignEnvelopeError extends DomainError {
  readonly code = Code.PermissionDenied;
}

const NODE_ID = /^[^\s/]{1,200}\/(?:0|[1-9][0-9]{0,15})$/u;
const HOST_AND_PORT = /^(?:\[[0-9a-fA-F:.]+\]|[^\s:/?#@[\]\\]+):[0-9]{1,5}$/u;

export type EnvelopeInit = Pick<Envelope, "clusterId" | "recoveryEpoch" | "sender" | "receiver">;

export function isNodeId(value: string): boolean {
  return NODE_ID.test(value);
}

/** What requests of this node to `receiver` carry. */
export function envelopeTo(receiver: NodeId, { clusterId, recoveryEpoch, nodeId }: Identity): EnvelopeInit {
  return { clusterId, recoveryEpoch: BigInt(recoveryEpoch), sender: nodeId, receiver };
}

/**
 * Checks that a request was meant for this node. The message tells nothing of who this node is.
 *
 * @returns the sender.
 * @throws {ForeignEnvelopeError} when it was not.
 * @throws {InvalidFrameError} when it does not say.
 */
export function checkEnvelope(envelope: Envelope | undefined, self: Identity): NodeId {
  const { clusterId, recoveryEpoch, sender, receiver } = required("envelope", envelope);
  const epoch = safeInteger("envelope.recoveryEpoch", recoveryEpoch);
  if (clusterId !== self.clusterId) throw new ForeignEnvelopeError("the request is for another cluster");
  if (epoch !== self.recoveryEpoch) {
    throw new ForeignEnvelopeError(
      "the request is for another life of the cluster: its recovery epoch differs",
    );
  }
  if (receiver !== self.nodeId) throw new ForeignEnvelopeError("the request is for another node");
  if (!isNodeId(sender)) throw new InvalidFrameError("envelope.sender", "no node id");
  if (sender === self.nodeId) throw new InvalidFrameError("envelope.sender", "the receiver itself");
  return sender;
}

/**
 * Where a node is reached: its name is `host:port`.
 *
 * @returns an origin, such as `http://10.0.0.1:9099`; undefined when the name is no address.
 */
export function originOf(node: NodeId, scheme: "http" | "https"): string | undefined {
  if (!isNodeId(node)) return undefined;
  const name = nameOf(node);
  return HOST_AND_PORT.test(name) && URL.canParse(`${scheme}://${name}`) ? `${scheme}://${name}` : undefined;
}
