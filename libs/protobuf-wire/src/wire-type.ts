export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_GROUP_START = 3;
export const WIRE_GROUP_END = 4;
export const WIRE_FIXED32 = 5;

/** Tag of a number: its field, with the wire type in the last three bits. */
export function numberTag(field: number): number {
  return field << 3;
}

/** Tag of a number that takes eight bytes. */
export function fixedTag(field: number): number {
  return (field << 3) | WIRE_FIXED64;
}

/** Tag of a message, a string or a packed list. */
export function bytesTag(field: number): number {
  return (field << 3) | WIRE_BYTES;
}
