import type { ServerResponse } from "node:http";
import type { Socket } from "node:net";

/** Not idle: a request is being received or answered. */
const BUSY = -1;

/** How long a closing server waits for the next bytes on a connection that has no request in work. */
const LINGER_MS = 200;

/**
 * Knows which HTTP/1.1 connections are idle. Node knows too, but counts one as idle whose answer has been handed to the
 * socket and is not sent yet: closing then cuts large answers short.
 */
export class Http1Connections {
  /** Bytes read when the last answer was through; while no more have arrived since, the connection is idle. */
  readonly #readWhenIdle = new Map<Socket, number>();
  readonly #answering = new Map<Socket, number>();
  #closing = false;

  /** A connection whose first bytes are here: a request has begun. */
  add(socket: Socket): void {
    this.#readWhenIdle.set(socket, BUSY);
    socket.once("close", () => {
      this.#readWhenIdle.delete(socket);
      this.#answering.delete(socket);
    });
  }

  /** A request was received up to its headers. */
  begin(socket: Socket, response: ServerResponse): void {
    this.#answering.set(socket, (this.#answering.get(socket) ?? 0) + 1);
    this.#readWhenIdle.set(socket, BUSY);
    response.once("close", () => this.#onAnswered(socket));
  }

  /** Cuts idle connections now, and each other one as soon as it becomes idle. */
  close(): void {
    this.#closing = true;
    for (const [socket, bytesRead] of this.#readWhenIdle) {
      if (bytesRead === socket.bytesRead) socket.destroy();
      else if (this.#answering.get(socket) === 0) cutWhenSilent(socket);
    }
  }

  #onAnswered(socket: Socket): void {
    const left = (this.#answering.get(socket) ?? 1) - 1;
    if (!this.#readWhenIdle.has(socket)) return;
    this.#answering.set(socket, left);
    if (left > 0) return;
    this.#readWhenIdle.set(socket, socket.bytesRead);
    if (this.#closing) cutWhenSilent(socket.end());
  }
}

/** What still comes may be the rest of a request that was answered early: to cut now could lose the answer. */
function cutWhenSilent(socket: Socket): void {
  socket.setTimeout(LINGER_MS, () => socket.destroy());
}
