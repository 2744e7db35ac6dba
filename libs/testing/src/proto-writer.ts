/** Writes protobuf by hand, well-formed or not, independent of the code under test. */
export class ProtoWriter {
  #bytes: number[] = [];

  /** A number of up to 64 bits; negative ones take ten bytes, as `int64` does. */
  varint(value: number | bigint): this {
    let rest = BigInt.asUintN(64, BigInt(value));
    while (rest >= 0x80n) {
      this.#bytes.push(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.#bytes.push(Number(rest));
    return this;
  }

  number(field: number, value: number | bigint): this {
    return this.varint(field * 8).varint(value);
  }

  /** A number, but for 0: which is how proto3 writes. */
  nonZero(field: number, value: number | bigint): this {
    return BigInt(value) === 0n ? this : this.number(field, value);
  }

  bytes(field: number, content: Uint8Array): this {
    this.varint(field * 8 + 2).varint(content.length);
    return this.raw(content);
  }

  string(field: number, text: string): this {
    return this.bytes(field, new TextEncoder().encode(text));
  }

  message(field: number, write: (message: ProtoWriter) => unknown): this {
    const message = new ProtoWriter();
    write(message);
    return this.bytes(field, message.finish());
  }

  packed(field: number, values: readonly (number | bigint)[]): this {
    if (values.length === 0) return this;
    const content = new ProtoWriter();
    for (const value of values) content.varint(value);
    return this.bytes(field, content.finish());
  }

  raw(content: Uint8Array): this {
    for (const byte of content) this.#bytes.push(byte);
    return this;
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.#bytes);
  }
}
