import type { Outcome, StateMachine, StateRestore } from "../../src/replicated-log/replicated-log.ts";

/** Sets a register. A repeated request has the id of the first. */
export interface RegisterCommand {
  readonly requestId: number;
  readonly key: number;
  readonly value: number;
}

export interface RegisterResult {
  /** Which command in the order of all: the same on every node, and for a repeated request that of the first. */
  readonly position: number;
  readonly isRepeated: boolean;
}

/** A few registers, the memory of requests, and a hash over everything that was ever applied. */
export class RegisterMachine implements StateMachine<RegisterResult> {
  #values = new Map<number, number>();
  #results = new Map<number, number>();
  #count = 0;
  hash = 0;

  apply(command: Uint8Array): Outcome<RegisterResult> {
    const { requestId, key, value } = decodeCommand(command);
    const known = this.#results.get(requestId);
    if (known !== undefined) return { type: "applied", result: { position: known, isRepeated: true } };
    const position = ++this.#count;
    this.#values.set(key, value);
    this.#results.set(requestId, position);
    this.hash = (Math.imul(this.hash ^ requestId, 0x01000193) ^ Math.imul(key + 1, value + 1)) >>> 0;
    return { type: "applied", result: { position, isRepeated: false } };
  }

  value(key: number): number {
    return this.#values.get(key) ?? 0;
  }

  /** How many commands were applied, repeats not counted. */
  get count(): number {
    return this.#count;
  }

  digest(): string {
    return String(this.hash);
  }

  copy(): RegisterMachine {
    const copy = new RegisterMachine();
    copy.become(this);
    return copy;
  }

  become(other: RegisterMachine): void {
    this.#values = new Map(other.#values);
    this.#results = new Map(other.#results);
    this.#count = other.#count;
    this.hash = other.hash;
  }

  /** Snapshots of the simulation are copies, see `SimulatedDisk`. */
  capture(): Iterable<Uint8Array> {
    throw new Error("not used");
  }

  restore(): StateRestore {
    throw new Error("not used");
  }
}

export function encodeCommand({ requestId, key, value }: RegisterCommand): Uint8Array {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, requestId);
  view.setUint32(4, key);
  view.setUint32(8, value);
  return bytes;
}

export function decodeCommand(bytes: Uint8Array): RegisterCommand {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { requestId: view.getUint32(0), key: view.getUint32(4), value: view.getUint32(8) };
}
