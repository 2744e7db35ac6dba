import { mkdir, mkdtemp, readdir, rm, stat, utimes, writeFile } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { CanceledError, FailedPreconditionError, UnavailableError } from "@hearth/errors";
import { seededRandom, systemClock } from "@hearth/runtime";

import { ObjectNotFoundError } from "../object-store.ts";
import { FilesystemObjectStore } from "./filesystem-object-store.ts";
import { stagedFileName } from "./staged-file.ts";

const { signal } = new AbortController();

describe("FilesystemObjectStore", () => {
  let dir: string;
  let store: FilesystemObjectStore;

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), "hearth-objects-"));
    store = newStore(dir);
    await store.start(signal);
  });
  afterEach(async () => {
    await store[Symbol.asyncDispose]();
    await rm(dir, { recursive: true });
  });

  it("makes a root that is not there", async () => {
    const deep = newStore(join(dir, "a/b/c"));
    await deep.start(signal);
    await deep.put("k", Uint8Array.of(1), {}, signal);
    expect(await readdir(join(dir, "a/b/c"))).toEqual([".staging", "k"]);
  });

  it("reads what an earlier process put", async () => {
    await store.put("a/b", Uint8Array.of(5), {}, signal);
    const next = newStore(dir);
    await next.start(signal);
    expect([...(await next.get("a/b", signal))]).toEqual([5]);
  });

  it("removes what crashed puts left, and neither lists nor reads it", async () => {
    const staging = join(dir, ".staging");
    const earlier = join(staging, stagedFileName({ host: hostname(), pid: process.pid }, Uint8Array.of(1)));
    const other = join(staging, stagedFileName({ host: "another-host", pid: 7 }, Uint8Array.of(2)));
    for (const path of [earlier, other]) await writeFile(path, "half a segm");
    const beforeStart = new Date(performance.timeOrigin - 1000);
    await utimes(earlier, beforeStart, beforeStart);
    for await (const entry of store.list("", {}, signal)) expect(entry).toBe("nothing is listed");

    await newStore(dir).start(signal);
    expect((await readdir(staging)).map((name) => join(staging, name))).toEqual([other]);
  });

  it("keeps unfinished files from other users of the machine", async () => {
    expect((await stat(join(dir, ".staging"))).mode & 0o777).toBe(0o700);
  });

  it("leaves neither object nor staged file when the caller gives up", async () => {
    const controller = new AbortController();
    const reason = new CanceledError("the caller went away");
    const put = store.put("a/b", new Uint8Array(8 << 20), {}, controller.signal);
    controller.abort(reason);
    await expect(put).rejects.toBe(reason);
    await store[Symbol.asyncDispose]();
    await expect(store.head("a/b", signal)).rejects.toThrow(ObjectNotFoundError);
    expect(await readdir(join(dir, ".staging"))).toEqual([]);
  });

  it("does not show empty folders as prefixes", async () => {
    await mkdir(join(dir, "blocks/1/acme"), { recursive: true });
    await store.put("segments/1/x", Uint8Array.of(1), {}, signal);
    const prefixes: unknown[] = [];
    for await (const entry of store.list("", { delimiter: "/" }, signal)) prefixes.push(entry);
    expect(prefixes).toEqual([{ type: "prefix", prefix: "segments/" }]);
  });

  it("removes the folder of the last object, and makes it again", async () => {
    await store.put("a/b/c", Uint8Array.of(1), {}, signal);
    await store.delete("a/b/c", signal);
    await expect(stat(join(dir, "a/b"))).rejects.toMatchObject({ code: "ENOENT" });
    await store.put("a/b/c", Uint8Array.of(2), {}, signal);
    expect([...(await store.get("a/b/c", signal))]).toEqual([2]);
  });

  it("recovers when another process removed a folder that it knew", async () => {
    await store.put("a/b/c", Uint8Array.of(1), {}, signal);
    await newStore(dir).delete("a/b/c", signal);
    await rm(join(dir, "a"), { recursive: true });
    await store.put("a/b/c", Uint8Array.of(2), { ifNoneMatch: "*" }, signal);
    expect([...(await store.get("a/b/c", signal))]).toEqual([2]);
  });

  it("says when a key is taken by a folder", async () => {
    await store.put("a/b", Uint8Array.of(1), {}, signal);
    await expect(store.put("a", Uint8Array.of(1), {}, signal)).rejects.toThrow(FailedPreconditionError);
    await expect(store.put("a/b/c", Uint8Array.of(1), {}, signal)).rejects.toThrow(FailedPreconditionError);
  });

  it("is unavailable, without naming paths, when the folder is not usable", async () => {
    await rm(join(dir, ".staging"), { recursive: true });
    await writeFile(join(dir, ".staging"), "not a folder");
    const failure = await store.checkAccess(signal).catch((error: unknown) => error);
    expect(String(failure)).not.toContain(dir);
    await rm(join(dir, ".staging"));
    await expect(store.checkAccess(signal)).rejects.toThrow(UnavailableError);
  });
});

function newStore(dir: string): FilesystemObjectStore {
  return new FilesystemObjectStore({ dir }, { clock: systemClock, random: seededRandom(performance.now()) });
}
