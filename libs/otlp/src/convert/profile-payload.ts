import { xxHash64 } from "@hearth/profile";
import type { GroupBuilder } from "./group-builder.ts";
import type { LinkConverter } from "./link-converter.ts";

export interface PayloadParts {
  /** Tells resources apart that have equal labels. */
  readonly scopeIdentity: Uint8Array;
  readonly groups: readonly GroupBuilder[];
  readonly links: LinkConverter;
  /** Of a stack trace, from what it is made of. */
  readonly hashOf: (stacktrace: number) => number;
}

const VALUE_BYTES = 8;
const HASH_BYTES = 4;
const LINK_BYTES = 24;

/**
 * Bytes that stand for a profile's content and depend on nothing else: the same profile, batched with others by a
 * sender that tries again, has another dictionary but the same payload.
 */
export function profilePayload({ scopeIdentity, groups, links, hashOf }: PayloadParts): Uint8Array {
  const count = groups.reduce((sum, { values }) => sum + values.length, 0);
  const payload = new Uint8Array(scopeIdentity.length + count * (HASH_BYTES + VALUE_BYTES + LINK_BYTES) + 4);
  const view = new DataView(payload.buffer);
  payload.set(scopeIdentity);
  let at = scopeIdentity.length;
  for (const group of groups) {
    for (let i = 0; i < group.values.length; i++) {
      const link = group.links[i]!;
      view.setUint32(at, hashOf(group.stacktraces[i]!));
      writeValue(view, at + HASH_BYTES, group.values[i]!);
      if (link !== 0) {
        payload.set(links.spanId(link), at + HASH_BYTES + VALUE_BYTES);
        payload.set(links.traceId(link), at + HASH_BYTES + VALUE_BYTES + 8);
      }
      at += HASH_BYTES + VALUE_BYTES + LINK_BYTES;
    }
  }
  return payload;
}

function writeValue(view: DataView, at: number, value: number | bigint): void {
  if (typeof value === "bigint") view.setBigUint64(at, BigInt.asUintN(64, value));
  else view.setFloat64(at, value);
}

/** Numbers payloads of one export that are equal in all, in their last four bytes, so that none is taken for another. */
export class PayloadNumbering {
  readonly #counts = new Map<string, number>();

  /** @param context - what distinguishes profiles beside the payload: their time and type. */
  number(payload: Uint8Array, context: string): void {
    const key = `${context} ${xxHash64(payload)}`;
    const count = this.#counts.get(key) ?? 0;
    this.#counts.set(key, count + 1);
    new DataView(payload.buffer, payload.byteOffset).setUint32(payload.length - 4, count);
  }
}
