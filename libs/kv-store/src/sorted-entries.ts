import { Buffer } from "node:buffer";
import type { KvEntry, KvRange, KvWrite } from "./kv-store.ts";

/** An ordered map of bytes in memory. Stored bytes are copies: what a caller does to its own changes nothing here. */
export class SortedEntries {
  /** By the key's bytes as Latin-1, which sorts like the bytes. */
  readonly #values = new Map<string, Uint8Array>();

  get(key: Uint8Array): Uint8Array | undefined {
    return this.#values.get(toText(key))?.slice();
  }

  apply(writes: readonly KvWrite[]): void {
    for (const write of writes) {
      if (write.type === "put") this.#values.set(toText(write.key), write.value.slice());
      else this.#values.delete(toText(write.key));
    }
  }

  range(range: KvRange): KvEntry[] {
    const from = toText(range.from);
    const to = toText(range.to);
    const keys = [...this.#values.keys()].filter((key) => key >= from && key < to).toSorted(byBytes);
    return keys.map((key) => [fromText(key), this.#values.get(key)?.slice() ?? new Uint8Array()]);
  }

  /** Replaces the stored bytes of `key` by what `change` makes of a copy of them. */
  damage(key: Uint8Array, change: (value: Uint8Array) => Uint8Array | undefined): void {
    const value = this.get(key);
    if (!value) return;
    const damaged = change(value);
    if (damaged) this.#values.set(toText(key), damaged);
    else this.#values.delete(toText(key));
  }
}

function byBytes(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function toText(key: Uint8Array): string {
  return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
}

function fromText(key: string): Uint8Array {
  return new Uint8Array(Buffer.from(key, "latin1"));
}
