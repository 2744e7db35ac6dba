import { gzipSync } from "node:zlib";

import { InvalidArgumentError } from "@hearth/errors";
import { gunzipBounded } from "@hearth/pprof";
import { describe, expect, it } from "@jest/globals";

const limit = { maxSizeBytes: 1000 };
const text = (content: string): Uint8Array => new TextEncoder().encode(content);

describe("gunzipBounded", () => {
  it.each([
    { name: "plain bytes stay", body: text("plain"), want: "plain" },
    { name: "nothing stays nothing", body: text(""), want: "" },
    { name: "one member", body: gzipSync("content"), want: "content" },
    { name: "an empty member", body: gzipSync(""), want: "" },
    {
      name: "several members follow each other",
      body: Buffer.concat([gzipSync("one "), gzipSync(""), gzipSync("two")]),
      want: "one two",
    },
    { name: "exactly the limit", body: gzipSync("x".repeat(1000)), want: "x".repeat(1000) },
    { name: "plain bytes of exactly the limit", body: text("x".repeat(1000)), want: "x".repeat(1000) },
    {
      name: "the magic with another method is no gzip",
      body: Uint8Array.of(0x1f, 0x8b, 7, ...Array<number>(20).fill(65)),
      want: new TextDecoder().decode(Uint8Array.of(0x1f, 0x8b, 7, ...Array<number>(20).fill(65))),
    },
    { name: "the magic alone is no gzip", body: Uint8Array.of(0x1f, 0x8b, 8), want: "\u001f\ufffd\b" },
  ])("$name", ({ body, want }) => {
    expect(new TextDecoder().decode(gunzipBounded(body, limit))).toBe(want);
  });

  const lying = (body: Uint8Array, isize: number): Uint8Array => {
    const copy = Uint8Array.from(body);
    new DataView(copy.buffer).setUint32(copy.length - 4, isize, true);
    return copy;
  };

  it.each([
    { name: "beyond the limit", body: gzipSync("x".repeat(1001)), message: "max_profile_size_bytes=1000" },
    { name: "plain, beyond the limit", body: text("x".repeat(1001)), message: "max_profile_size_bytes=1000" },
    { name: "a bomb", body: gzipSync(new Uint8Array(10_000_000)), message: "max_profile_size_bytes=1000" },
    {
      name: "a bomb that claims to be small",
      body: lying(gzipSync(new Uint8Array(10_000_000)), 10),
      message: "max_profile_size_bytes=1000",
    },
    {
      name: "members that are small, but not together",
      body: Buffer.concat([gzipSync("x".repeat(600)), gzipSync("x".repeat(600))]),
      message: "max_profile_size_bytes=1000",
    },
    {
      name: "a wrong length at the end",
      body: lying(gzipSync("content"), 4_000_000_000),
      message: "not valid gzip",
    },
    { name: "cut off", body: gzipSync("content, and more of it").subarray(0, -9), message: "not valid gzip" },
    { name: "gzip in gzip", body: gzipSync(gzipSync("content")), message: "gzip inside gzip" },
  ])("refuses: $name", ({ body, message }) => {
    const decompress = (): Uint8Array => gunzipBounded(body, limit);
    expect(decompress).toThrow(InvalidArgumentError);
    expect(decompress).toThrow(message);
  });
});
