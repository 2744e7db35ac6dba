import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import type { Content } from "./merger.ts";
import { OutputSpool, type SpooledOutput } from "./output-spool.ts";

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text));

function write(output: SpooledOutput, ...parts: string[]): Content {
  for (const part of parts) output.write(bytes(part));
  return output.finish();
}

function textOf(content: Content): string {
  const raw = content.type === "memory" ? content.bytes : readFileSync(content.path);
  return `${content.type}: ${Buffer.from(raw).toString()}`;
}

describe("OutputSpool", () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "hearth-spool-test-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it("keeps outputs in memory as long as there is room, and puts others into files, whole", () => {
    using spool = new OutputSpool(join(folder, "job"), 10);
    expect(textOf(write(spool.open(), "abc", "def"))).toBe("memory: abcdef");
    expect(textOf(write(spool.open(), "12", "34", "5", "6"))).toBe("file: 123456");
    // What went to a file takes no memory any more.
    expect(textOf(write(spool.open(), "ghij"))).toBe("memory: ghij");
    expect(textOf(write(spool.open(), "k", ""))).toBe("file: k");
    expect(readdirSync(join(folder, "job")).sort()).toEqual(["1.block", "3.block"]);
  });

  it("makes no folder that it does not need", () => {
    using spool = new OutputSpool(join(folder, "job"), 10);
    write(spool.open(), "abc");
    expect(readdirSync(folder)).toEqual([]);
  });

  it("closes files that were not finished", () => {
    const spool = new OutputSpool(join(folder, "job"), 0);
    const output = spool.open();
    output.write(bytes("abc"));
    spool[Symbol.dispose]();
    expect(() => output.write(bytes("d"))).toThrow("after its end");
  });
});
