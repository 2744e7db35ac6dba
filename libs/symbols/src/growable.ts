type TypedArray = Uint8Array | Uint32Array | Int32Array | Float64Array;

/** A copy of `array` that has room for at least `capacity` elements; the array itself when it has. */
export function grown<T extends TypedArray>(array: T, capacity: number): T {
  if (array.length >= capacity) return array;
  const bigger = new (array.constructor as new (length: number) => T)(
    Math.max(capacity, array.length * 2, 16),
  );
  bigger.set(array);
  return bigger;
}
