import { heap, type Memory } from "@hearth/arena";
import { assertNever } from "@hearth/errors";

type TypedArray = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** A copy of `array` that has room for at least `capacity` elements; the array itself when it has. */
export function grown<T extends TypedArray>(array: T, capacity: number, memory: Memory = heap): T {
  if (array.length >= capacity) return array;
  const bigger = allocateLike(array, Math.max(capacity, array.length * 2, 16), memory);
  bigger.set(array);
  return bigger as T;
}

function allocateLike(array: TypedArray, length: number, memory: Memory): TypedArray {
  const kind = array[Symbol.toStringTag];
  switch (kind) {
    case "Uint8Array":
      return memory.uint8(length);
    case "Uint32Array":
      return memory.uint32(length);
    case "Int32Array":
      return memory.int32(length);
    case "Float64Array":
      return memory.float64(length);
    default:
      return assertNever(kind);
  }
}
