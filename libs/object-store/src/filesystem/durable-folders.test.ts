import { mkdtemp, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";

import { DurableFolders } from "./durable-folders.ts";

describe("DurableFolders", () => {
  let root: string;
  let folders: DurableFolders;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "hearth-folders-"));
    folders = new DurableFolders(root);
  });
  afterEach(() => rm(root, { recursive: true }));

  it("makes the folder and those above it, once for all who ask", async () => {
    const path = join(root, "segments/1/anonymous");
    const asked = [folders.ensure(path), folders.ensure(path), folders.ensure(join(root, "segments"))];
    expect(asked[0]).toBe(asked[1]);
    await Promise.all(asked);
    expect((await stat(path)).isDirectory()).toBe(true);
    await folders.ensure(root);
  });

  it("lets callers share a sync, but never one that began before they asked", async () => {
    const running = folders.sync(root);
    const next = folders.sync(root);
    const alsoNext = folders.sync(root);
    expect(next).not.toBe(running);
    expect(alsoNext).toBe(next);
    await Promise.all([running, next]);
    const later = folders.sync(root);
    expect(later).not.toBe(next);
    await later;
  });

  it("does not remember what failed", async () => {
    await writeFile(join(root, "a"), "in the way");
    await expect(folders.ensure(join(root, "a/b"))).rejects.toMatchObject({ code: "ENOTDIR" });
    await expect(folders.sync(join(root, "missing"))).rejects.toMatchObject({ code: "ENOENT" });
    await rm(join(root, "a"));
    folders.forget(join(root, "a/b"));
    await folders.ensure(join(root, "a/b"));
    expect((await stat(join(root, "a/b"))).isDirectory()).toBe(true);
  });

  it("makes again what it was told to forget", async () => {
    const path = join(root, "a/b");
    await folders.ensure(path);
    await rm(join(root, "a"), { recursive: true });
    folders.forget(path);
    await folders.ensure(path);
    expect((await stat(path)).isDirectory()).toBe(true);
  });
});
