import { describe, expect, it } from "@jest/globals";
import { equalViews, hashBytes } from "./hash.ts";

const LENGTHS = [0, 1, 2, 3, 4, 5, 7, 8, 9, 13];

describe("equalViews and hashBytes", () => {
  it.each(LENGTHS)("tell %i bytes from the same with any one of them changed", (length) => {
    const bytes = Uint8Array.from({ length: length + 6 }, (_, i) => i + 1);
    const moved = new Uint8Array(length + 9);
    moved.set(bytes.subarray(3, 3 + length), 5);
    const isEqual = (): boolean =>
      equalViews(new DataView(bytes.buffer), 3, new DataView(moved.buffer), 5, length);
    expect(isEqual()).toBe(true);
    expect(hashBytes(moved, 5, 5 + length)).toBe(hashBytes(bytes, 3, 3 + length));
    for (let at = 5; at < 5 + length; at++) {
      moved[at]! ^= 1;
      expect(isEqual()).toBe(false);
      expect(hashBytes(moved, 5, 5 + length)).not.toBe(hashBytes(bytes, 3, 3 + length));
      moved[at]! ^= 1;
    }
  });
});
