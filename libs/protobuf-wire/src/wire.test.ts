import { BinaryReader, BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { bytesTag, fixedTag, numberTag, SATURATED, WireReader, WireWriter } from "./index.ts";

const uint64 = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
/** Numbers of every length: without this nearly all would need ten bytes. */
const anyUint64 = fc.tuple(uint64, fc.nat(63)).map(([value, shift]) => value >> BigInt(shift));

describe("WireReader", () => {
  it("reads what another writer wrote", () => {
    fc.assert(
      fc.property(fc.array(anyUint64), (values) => {
        const writer = new BinaryWriter();
        for (const value of values) writer.uint64(value).fixed64(value);
        const reader = new WireReader(writer.finish());
        for (const value of values) {
          expect([reader.uint64(), reader.fixed64Value()]).toEqual([value, value]);
        }
        reader.closeAt(reader.bytes.length);
      }),
    );
  });

  it.each([
    { value: 0n, uint32: 0, int32: 0, exact: 0 },
    { value: 127n, uint32: 127, int32: 127, exact: 127 },
    { value: 128n, uint32: 128, int32: 128, exact: 128 },
    { value: 2n ** 31n, uint32: 2 ** 31, int32: 2 ** 31 - 1, exact: 2 ** 31 },
    { value: 2n ** 32n - 1n, uint32: 2 ** 32 - 1, int32: 2 ** 31 - 1, exact: 2 ** 32 - 1 },
    { value: 2n ** 32n, uint32: SATURATED, int32: 2 ** 31 - 1, exact: 2 ** 32 },
    { value: 2n ** 53n - 1n, uint32: SATURATED, int32: 2 ** 31 - 1, exact: 2 ** 53 - 1 },
    { value: 2n ** 53n, uint32: SATURATED, int32: 2 ** 31 - 1, exact: 2n ** 53n },
    { value: -1n, uint32: SATURATED, int32: -1, exact: -1 },
    { value: -(2n ** 31n), uint32: SATURATED, int32: -(2 ** 31), exact: -(2 ** 31) },
    { value: -(2n ** 31n) - 1n, uint32: SATURATED, int32: -(2 ** 31), exact: -(2 ** 31) - 1 },
    { value: -(2n ** 63n), uint32: SATURATED, int32: -(2 ** 31), exact: -(2n ** 63n) },
  ])("reads $value clamped to 32 bits, and exactly", ({ value, uint32, int32, exact }) => {
    const bytes = new BinaryWriter().int64(value).finish();
    const read = <T>(method: (reader: WireReader) => T): T => method(new WireReader(bytes));
    expect(read((reader) => reader.uint32())).toBe(uint32);
    expect(read((reader) => reader.int32())).toBe(int32);
    expect(read((reader) => reader.exactInt64())).toBe(exact);
    expect(read((reader) => reader.int64())).toBe(value);
    expect(read((reader) => reader.bool())).toBe(value !== 0n);
  });

  it("steps over fields of every kind, and over groups in groups", () => {
    const writer = new BinaryWriter();
    writer.tag(1, WireType.Varint).uint64(2n ** 64n - 1n);
    writer.tag(2, WireType.Bit64).fixed64(1n);
    writer.tag(3, WireType.LengthDelimited).string("three");
    writer.tag(4, WireType.StartGroup).tag(1, WireType.StartGroup).tag(9, WireType.Varint).uint32(300);
    writer.tag(1, WireType.EndGroup).tag(4, WireType.EndGroup);
    writer.tag(5, WireType.Bit32).fixed32(1);
    const reader = new WireReader(writer.finish());
    const fields: number[] = [];
    while (reader.position < reader.bytes.length) {
      const tag = reader.uint32();
      fields.push(tag >>> 3);
      reader.skip(tag, reader.bytes.length);
    }
    reader.closeAt(reader.bytes.length);
    expect(fields).toEqual([1, 2, 3, 4, 5]);
  });

  const skipFirst = (reader: WireReader): void => reader.skip(reader.uint32(), reader.bytes.length);
  it.each([
    { name: "a number that has no end", bytes: [0x80, 0x80], read: (r: WireReader) => r.varint() },
    { name: "a number of eleven bytes", bytes: Array(11).fill(0x80), read: (r: WireReader) => r.varint() },
    { name: "a length beyond its message", bytes: [5, 1, 2], read: (r: WireReader) => r.nestedEnd(3) },
    { name: "the field 0", bytes: [0x00, 1], read: skipFirst },
    { name: "the wire type 6", bytes: [0x0e, 1], read: skipFirst },
    { name: "a group that has no end", bytes: [0x0b, 0x08, 1], read: skipFirst },
    { name: "a group that never began", bytes: [0x0c], read: skipFirst },
    { name: "groups in a hundred groups", bytes: Array(200).fill(0x0b), read: skipFirst },
    {
      name: "a field beyond its message",
      bytes: [0x09, 1, 2],
      read: (r: WireReader) => {
        skipFirst(r);
        r.closeAt(3);
      },
    },
  ])("refuses $name, and says of which message and where", ({ bytes, read }) => {
    const reader = new WireReader(Uint8Array.from(bytes), { subject: "letter" });
    expect(() => read(reader)).toThrow(/^letter is not valid protobuf: .+, offset=\d+ size=\d+$/u);
  });

  it.each([
    { name: "what could be of four bytes each, and a thousand", sizeBytes: 40, options: {}, most: 1034 },
    { name: "as many as it is told", sizeBytes: 40, options: { maxEntryCount: 7 }, most: 7 },
  ])("lets through entries: $name", ({ sizeBytes, options, most }) => {
    const reader = new WireReader(new Uint8Array(sizeBytes), options);
    for (let entry = 0; entry < most; entry++) reader.countEntry();
    expect(() => reader.countEntry()).toThrow("too many entries");
  });

  it("lets through as many numbers of lists as it is told", () => {
    const reader = new WireReader(new Uint8Array(), { maxListedCount: 1 });
    reader.countListed();
    expect(() => reader.countListed()).toThrow("its lists are too long");
  });
});

describe("WireWriter", () => {
  it("writes what another reader reads, in one array however large it grows", () => {
    fc.assert(
      fc.property(fc.array(anyUint64), fc.uint8Array({ maxLength: 300 }), (values, content) => {
        const writer = new WireWriter(4);
        const nested = writer.begin(1);
        for (const value of values) {
          writer.element(Number(value & 0xff_ff_ff_ffn), Number(value >> 32n));
        }
        writer.end(nested);
        writer.bytes(2, content);

        const reader = new BinaryReader(writer.finish());
        expect(reader.tag()).toEqual([1, WireType.LengthDelimited]);
        const packed = new BinaryReader(reader.bytes());
        expect(values.map(() => BigInt(packed.uint64()))).toEqual(values);
        expect(packed.pos).toBe(packed.len);
        expect(reader.tag()).toEqual([2, WireType.LengthDelimited]);
        expect(Buffer.from(reader.bytes()).equals(content)).toBe(true);
        expect(reader.pos).toBe(reader.len);
      }),
    );
  });

  it("writes signed and unsigned numbers, and leaves out those that are 0", () => {
    const writer = new WireWriter();
    writer.number(1, 2 ** 53 - 1);
    writer.number(2, 0);
    writer.int32(3, -7);
    writer.int64(4, -(2n ** 63n));
    writer.int64(5, 0n);
    const reader = new WireReader(writer.finish());
    const fields = Array.from({ length: 3 }, () => [reader.uint32(), reader.int64()]);
    expect(fields).toEqual([
      [numberTag(1), 2n ** 53n - 1n],
      [numberTag(3), -7n],
      [numberTag(4), -(2n ** 63n)],
    ]);
    reader.closeAt(reader.bytes.length);
  });
});

describe("tags", () => {
  it.each([
    { tag: numberTag(5), type: WireType.Varint },
    { tag: fixedTag(5), type: WireType.Bit64 },
    { tag: bytesTag(5), type: WireType.LengthDelimited },
  ])("are a field with the wire type $type", ({ tag, type }) => {
    expect(tag).toBe(new BinaryReader(new BinaryWriter().tag(5, type).finish()).uint32());
  });
});
