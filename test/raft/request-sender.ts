/**
 * Who speaks on a connection between nodes, told from its first bytes: an HTTP request whose body begins with the
 * envelope, in which the sender's node id stands in plain bytes before that of the receiver.
 */

export type Sender =
  /** Not enough has come to tell. */
  | { readonly type: "unknown yet" }
  /** `host:port`, without the incarnation; undefined when the request does not say who asks. */
  | { readonly type: "known"; readonly name: string | undefined };

const HEAD_END = "\r\n\r\n";
/** Field 4, the receiver, follows: its tag is `"`. */
const SENDER = /([\d.]+:\d{1,5})\/\d+"/u;
/** A node without a state asks to join under its name alone. */
const NAME = /[\d.]+:\d{1,5}/u;
/** An envelope is shorter. */
const MAX_ENVELOPE_BYTES = 600;

export function senderOf(bytes: Buffer): Sender {
  const headLength = bytes.indexOf(HEAD_END);
  if (headLength < 0) return { type: "unknown yet" };
  const head = bytes.toString("latin1", 0, headLength);
  const body = bytes.toString("latin1", headLength + HEAD_END.length);
  const announced = Number(/^content-length: *(\d+)/imu.exec(head)?.[1] ?? 0);
  const name = SENDER.exec(body.slice(0, MAX_ENVELOPE_BYTES))?.[1];
  if (name !== undefined) return { type: "known", name };
  if (body.length < Math.min(announced, MAX_ENVELOPE_BYTES)) return { type: "unknown yet" };
  return { type: "known", name: head.includes("/Join ") ? NAME.exec(body)?.[0] : undefined };
}
