import type { ChainFunction, Message, NodeId } from "@hearth/raft";

/** What frames carry: all but snapshots, which travel on their own. */
export type FrameMessage = Exclude<Message, { type: "install-snapshot" }>;
export type AppendMessage = Extract<Message, { type: "append" }>;
export type AppendResponseMessage = Extract<Message, { type: "append-response" }>;

/** What a frame is read with. */
export interface FrameSurroundings {
  readonly from: NodeId;
  readonly to: NodeId;
  readonly chainOf: ChainFunction;
}
