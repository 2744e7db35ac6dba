import { spawnSync } from "node:child_process";
import { mkdir, mkdtemp, readdir, rm, utimes } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";

import { TempFolder } from "./temp-folder.ts";

describe("TempFolder", () => {
  let parent: string;
  beforeEach(async () => {
    parent = await mkdtemp(join(tmpdir(), "hearth-temp-test-"));
  });
  afterEach(() => rm(parent, { recursive: true }));

  it("removes what processes of this machine that are gone have left behind, and nothing else", async () => {
    const gonePid = spawnSync(process.execPath, ["--version"]).pid;
    const host = hostname();
    const abandoned = [
      `hearth-compaction@${host}@${gonePid}@00`,
      `hearth-compaction@${host}@${process.pid}@01`,
    ];
    const kept = [
      `hearth-compaction@${host}@${process.pid}@02`,
      `hearth-compaction@${host}@${process.ppid}@03`,
      `hearth-compaction@elsewhere@${gonePid}@04`,
      `other@${host}@${gonePid}@05`,
    ];
    for (const name of [...abandoned, ...kept]) await mkdir(join(parent, name, "1-1"), { recursive: true });
    // A process of the same number was here before this one began.
    await utimes(join(parent, abandoned[1]!), 0, 0);
    expect(await new TempFolder(parent, { random: seededRandom(1) }).removeAbandoned()).toBe(2);
    expect((await readdir(parent)).sort()).toEqual(kept.sort());
  });

  it("has folders of its own, which go when it is closed", async () => {
    const files = new TempFolder(parent, { random: seededRandom(1) });
    const other = new TempFolder(parent, { random: seededRandom(2) });
    await mkdir(files.folder("1-1"), { recursive: true });
    await mkdir(other.folder("1-1"), { recursive: true });
    await files[Symbol.asyncDispose]();
    expect(await readdir(parent)).toHaveLength(1);
  });

  it("finds nothing where there is no such folder", async () => {
    const files = new TempFolder(join(parent, "none"), { random: seededRandom(1) });
    expect(await files.removeAbandoned()).toBe(0);
  });
});
