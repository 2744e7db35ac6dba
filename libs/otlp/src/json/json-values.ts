import { InvalidArgumentError } from "@hearth/errors";
import { OUT_OF_RANGE } from "../otlp-export.ts";

/*
 * Values in the JSON form of protobuf, read leniently: names in camelCase or as in the .proto, 64-bit numbers as text
 * or number, `null` for what is absent, unknown names ignored.
 */

export type JsonObject = Readonly<Record<string, unknown>>;

/** The value of a field under the first of its names that is there; `undefined` for none and for `null`. */
export function fieldOf(object: JsonObject, ...names: readonly string[]): unknown {
  for (const name of names) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined;
    if (value !== undefined && value !== null) return value;
  }
  return undefined;
}

/** A message; empty when it is absent. @throws {InvalidArgumentError} naming the field. */
export function objectOf(value: unknown, name: string): JsonObject {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw malformedJson(`not an object: field=${name}`);
  }
  return value as JsonObject;
}

/** A list; empty when it is absent. @throws {InvalidArgumentError} naming the field. */
export function listOf(value: unknown, name: string): readonly unknown[] {
  if (value === undefined) return [];
  if (!Array.isArray(value)) throw malformedJson(`not a list: field=${name}`);
  return value;
}

/** A text; empty when it is absent. @throws {InvalidArgumentError} naming the field. */
export function textOf(value: unknown, name: string): string {
  if (value === undefined) return "";
  if (typeof value !== "string") throw malformedJson(`not a text: field=${name}`);
  return value;
}

/** A 64-bit number. */
export function integerOf(value: unknown, name: string): bigint {
  if (value === undefined) return 0n;
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  if (typeof value === "string" && /^-?\d{1,20}$/.test(value)) return BigInt(value);
  throw malformedJson(`not an integer: field=${name}`);
}

/** An index of a table; `OUT_OF_RANGE` when it is negative or does not fit 32 bits. */
export function indexOf(value: unknown, name: string): number {
  if (value === undefined) return 0;
  const index = typeof value === "number" ? value : Number(integerOf(value, name));
  if (!Number.isInteger(index)) throw malformedJson(`not an index: field=${name}`);
  return index < 0 || index > OUT_OF_RANGE ? OUT_OF_RANGE : index;
}

/** A signed number, clamped to 32 bits. */
export function int32Of(value: unknown, name: string): number {
  const number = Number(integerOf(value, name));
  return Math.max(-0x80_00_00_00, Math.min(number, 0x7f_ff_ff_ff));
}

/**
 * An id of a trace or span: in hex, as OTLP has it, or in base64, as plain protobuf JSON has it. Their lengths differ,
 * so that neither can be taken for the other.
 *
 * @param sizeBytes - 16 or 8.
 */
export function idOf(value: unknown, name: string, sizeBytes: number): Uint8Array {
  const text = textOf(value, name);
  if (text.length === sizeBytes * 2 && /^[0-9a-fA-F]*$/.test(text)) return Buffer.from(text, "hex");
  if (!/^[\w+/-]*={0,2}$/.test(text)) throw malformedJson(`neither hex nor base64: field=${name}`);
  return Buffer.from(text, "base64");
}

/** @param reason - what is wrong, and with which field. */
export function malformedJson(reason: string, options?: ErrorOptions): InvalidArgumentError {
  return new InvalidArgumentError(`otlp export is not valid JSON of its kind: ${reason}`, options);
}
