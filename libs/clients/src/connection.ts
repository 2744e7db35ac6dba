import type { Transport } from "@connectrpc/connect";
import { Code, DomainError, NotLeaderError, UnavailableError } from "@hearth/errors";
import type { ClosableTransport } from "@hearth/rpc";
import type { Clock } from "@hearth/runtime";

import {
  admits,
  type Breaker,
  closedBreaker,
  type Outcome,
  stepAdmit,
  stepOutcome,
} from "./circuit-breaker.ts";
import type { Address } from "./target.ts";

/** One process of a service: calls go through a circuit breaker, and are refused at once while it is open. */
export class Connection implements Transport, AsyncDisposable {
  readonly address: Address;
  readonly #transport: ClosableTransport;
  readonly #clock: Clock;
  #breaker: Breaker = closedBreaker;

  constructor(address: Address, transport: ClosableTransport, clock: Clock) {
    this.address = address;
    this.#transport = transport;
    this.#clock = clock;
  }

  /** Whether a call would be sent now. */
  get isAvailable(): boolean {
    return admits(this.#breaker, this.#clock.monotonicMs());
  }

  readonly unary: Transport["unary"] = async (...call) => {
    if (!this.isAvailable) {
      throw new UnavailableError(`not called, since it did not answer lately: address=${this.address.id}`);
    }
    this.#breaker = stepAdmit(this.#breaker);
    let outcome: Outcome = "answered";
    try {
      return await this.#transport.unary(...call);
    } catch (error) {
      outcome = outcomeOf(error);
      throw error;
    } finally {
      this.#breaker = stepOutcome(this.#breaker, outcome, this.#clock.monotonicMs());
    }
  };

  readonly stream: Transport["stream"] = (...call) => this.#transport.stream(...call);

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#transport[Symbol.asyncDispose]();
  }
}

function outcomeOf(error: unknown): Outcome {
  // A node that does not lead is well, and says so.
  if (!(error instanceof DomainError) || error instanceof NotLeaderError) return "answered";
  if (error.code === Code.Unavailable) return "unavailable";
  return error.code === Code.Canceled || error.code === Code.DeadlineExceeded ? "abandoned" : "answered";
}
