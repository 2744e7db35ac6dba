import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { ByteReader, ByteWriter } from "../../src/bytes.ts";
import {
  compareUlidWords,
  readUlidWords,
  ULID_WORDS,
  writeUlidWords,
} from "../../src/index-state/ulid-words.ts";

const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const ulid = fc
  .tuple(
    fc.constantFrom(...ALPHABET.slice(0, 8).split("")),
    fc.string({ unit: fc.constantFrom(...ALPHABET.split("")), minLength: 25, maxLength: 25 }),
  )
  .map(([head, tail]) => head + tail);

function wordsOf(text: string): Uint32Array {
  const words = new Uint32Array(ULID_WORDS);
  writeUlidWords(text, words, 0);
  return words;
}

describe("bytes", () => {
  it("give back every integer below 2^53 and every string", () => {
    const item = fc.oneof(fc.maxSafeNat(), fc.string({ unit: "binary" }));
    fc.assert(
      fc.property(fc.array(item), (items) => {
        const out = new ByteWriter(1);
        for (const value of items) {
          if (typeof value === "number") out.integer(value);
          else out.string(value);
        }
        const reader = new ByteReader(out.written());
        const read = items.map((value) => (typeof value === "number" ? reader.integer() : reader.string()));
        expect(read).toEqual(items);
        expect(reader.isAtEnd).toBe(true);
      }),
    );
  });

  it.each([0, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 53 - 1])("give back %d", (value) => {
    const out = new ByteWriter();
    out.integer(value);
    expect(new ByteReader(out.written()).integer()).toBe(value);
  });

  it.each([
    { name: "an integer that goes on", bytes: [0x80], read: (r: ByteReader) => r.integer() },
    { name: "an integer beyond 2^53", bytes: Array(9).fill(0xff), read: (r: ByteReader) => r.integer() },
    { name: "a string longer than the rest", bytes: [5, 65], read: (r: ByteReader) => r.string() },
    { name: "three bytes for a word", bytes: [1, 2, 3], read: (r: ByteReader) => r.uint32() },
  ])("refuse $name", ({ bytes, read }) => {
    expect(() => read(new ByteReader(Uint8Array.from(bytes)))).toThrow("too early");
  });
});

describe("ULIDs as words", () => {
  it("give back the text", () => {
    fc.assert(fc.property(ulid, (text) => expect(readUlidWords(wordsOf(text), 0)).toBe(text)));
  });

  it("sort like the texts", () => {
    fc.assert(
      fc.property(ulid, ulid, (a, b) => {
        const byText = a < b ? -1 : Number(a > b);
        expect(Math.sign(compareUlidWords(wordsOf(a), 0, wordsOf(b), 0))).toBe(byText);
      }),
    );
  });
});
