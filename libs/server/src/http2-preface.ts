import type { Socket } from "node:net";

/** What an HTTP/2 client sends first (RFC 9113, section 3.4). No HTTP/1.1 request begins with these bytes. */
const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

export type Protocol = "http1" | "http2";

/** Which protocol a connection speaks, going by its first bytes; undefined while they could be either. */
function protocolOf(firstBytes: Buffer): Protocol | undefined {
  const length = Math.min(firstBytes.length, PREFACE.length);
  if (PREFACE.compare(firstBytes, 0, length, 0, length) !== 0) return "http1";
  return length === PREFACE.length ? "http2" : undefined;
}

/**
 * Reads from a new connection until its protocol is known, puts the bytes back and reports. It reports undefined when
 * the client hangs up, fails, stays silent for `timeoutMs`, or when the socket is destroyed; it is destroyed then.
 *
 * `onSettled` runs in the same turn: later, the socket could fail with nobody listening.
 */
export function sniffProtocol(
  socket: Socket,
  timeoutMs: number,
  onSettled: (protocol: Protocol | undefined) => void,
): void {
  let seen: Buffer = Buffer.alloc(0);
  const settle = (protocol: Protocol | undefined): void => {
    socket.off("readable", onReadable).setTimeout(0);
    for (const event of GIVE_UP_EVENTS) socket.off(event, giveUp);
    onSettled(protocol);
  };
  const giveUp = (): void => {
    settle(undefined);
    socket.destroy();
  };
  const onReadable = (): void => {
    const chunk = socket.read() as Buffer | null;
    if (chunk === null) return;
    seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const protocol = protocolOf(seen);
    if (protocol === undefined) return;
    socket.unshift(seen); // Both of Node's servers take up what is already buffered.
    settle(protocol);
  };
  for (const event of GIVE_UP_EVENTS) socket.on(event, giveUp);
  socket.setTimeout(timeoutMs).on("readable", onReadable);
}

const GIVE_UP_EVENTS = ["error", "close", "end", "timeout"] as const;
