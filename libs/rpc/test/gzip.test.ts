import { gzipSync } from "node:zlib";

import { Code } from "@connectrpc/connect";
import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";

import { allowUtf8LabelNames, gzipCompression } from "../src/index.ts";

describe("gzip", () => {
  it("round-trips", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (bytes) => {
        const back = await gzipCompression.decompress(await gzipCompression.compress(bytes), 2000);
        expect(Buffer.compare(back, bytes)).toBe(0);
      }),
    );
  });

  it.each([
    { name: "more than the limit inside", bytes: gzipSync(Buffer.alloc(1001)), code: Code.ResourceExhausted },
    { name: "something else", bytes: Buffer.from("hello there"), code: Code.InvalidArgument },
    { name: "a stream cut short", bytes: gzipSync("hello").subarray(0, 15), code: Code.InvalidArgument },
    { name: "a wrong checksum", bytes: withLastByte(gzipSync("hello"), 99), code: Code.InvalidArgument },
  ])("refuses $name", async ({ bytes, code }) => {
    await expect(gzipCompression.decompress(bytes, 1000)).rejects.toMatchObject({ code });
  });
});

describe("allowUtf8LabelNames", () => {
  it.each([
    { accept: null, want: false },
    { accept: "*/*", want: false },
    { accept: "*/*;allow-utf8-labelnames=true", want: true },
    { accept: "text/html, application/json; q=0.5; Allow-UTF8-LabelNames=true", want: true },
    { accept: '*/*;allow-utf8-labelnames="true"', want: true },
    { accept: "*/*;allow-utf8-labelnames=TRUE", want: false },
    { accept: "*/*;allow-utf8-labelnames=truely", want: false },
    { accept: "allow-utf8-labelnames=true", want: false },
    { accept: ";;=,/;allow-utf8-labelnames", want: false },
  ])("of $accept is $want", ({ accept, want }) => {
    expect(allowUtf8LabelNames(new Headers(accept === null ? {} : { accept }))).toBe(want);
  });
});

function withLastByte(bytes: Buffer, value: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[copy.length - 5] = value;
  return copy;
}
