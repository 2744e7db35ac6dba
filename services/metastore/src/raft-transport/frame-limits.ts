import { entrySizeBytes, type Message } from "@hearth/raft";

/** What fits into one frame. Sender and receiver hold to the same. */

/** Bytes of messages in a frame, as {@link messageSizeBytes} counts them. One larger entry makes a frame of its own. */
export const MAX_FRAME_BYTES = 1024 * 1024;
export const MAX_FRAME_MESSAGES = 1_024;
/** The envelope of a command, and 8 MiB of command. */
export const MAX_PAYLOAD_BYTES = 9 * 1024 * 1024;
/** What a message takes beside its entries, at most. */
export const MESSAGE_HEAD_BYTES = 96;
/** Of an encoded frame, beyond its entries. */
export const FRAME_HEAD_BYTES = 4 * 1024;
/** Of a piece of a snapshot. */
export const MAX_CHUNK_BYTES = 1024 * 1024;
/** Of an encoded request: the largest entry, and what is around it. */
export const MAX_REQUEST_BYTES = MAX_PAYLOAD_BYTES + 64 * 1024;

/** What a message takes of a frame: never less than its encoded size. */
export function messageSizeBytes(message: Message): number {
  if (message.type !== "append") return MESSAGE_HEAD_BYTES;
  return message.entries.reduce((sum, entry) => sum + entrySizeBytes(entry), MESSAGE_HEAD_BYTES);
}
