/** What every object store must do. One suite, run against each implementation. */
import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { CanceledError, DataLossError, InvalidArgumentError } from "@hearth/errors";
import fc from "fast-check";

import {
  compareKeys,
  ObjectExistsError,
  ObjectNotFoundError,
  type ListEntry,
  type ListOptions,
  type ObjectStore,
} from "../src/index.ts";

export interface StoreUnderTest {
  readonly store: ObjectStore;
  close(): Promise<void>;
}

const { signal } = new AbortController();

export function describeObjectStore(name: string, open: () => Promise<StoreUnderTest>): void {
  describe(`${name} as an object store`, () => {
    let subject: StoreUnderTest;
    let store: ObjectStore;

    beforeEach(async () => {
      subject = await open();
      store = subject.store;
    });
    afterEach(() => subject.close());

    it.each([
      { size: "empty", bytes: new Uint8Array() },
      { size: "small", bytes: Uint8Array.of(1, 2, 3) },
      { size: "1.5 MiB", bytes: pattern(3 << 19) },
    ])("reads back what was put: $size", async ({ bytes }) => {
      await store.put("a/b/block.bin", bytes, {}, signal);
      expect(Buffer.compare(await store.get("a/b/block.bin", signal), bytes)).toBe(0);
      expect(await store.head("a/b/block.bin", signal)).toMatchObject({ sizeBytes: bytes.length });
    });

    it("stores a view of a larger buffer, and keeps no hold of it", async () => {
      const bytes = pattern(100);
      await store.put("k", bytes.subarray(10, 20), {}, signal);
      bytes.fill(0);
      expect([...(await store.get("k", signal))]).toEqual([...pattern(100).subarray(10, 20)]);
    });

    it("hands out buffers that can be transferred", async () => {
      await store.put("k", pattern(100), {}, signal);
      const whole = await store.get("k", signal);
      const part = await store.getRange("k", { offset: 5, length: 10 }, signal);
      expect([whole.byteOffset, whole.buffer.byteLength]).toEqual([0, 100]);
      expect([part.byteOffset, part.buffer.byteLength]).toEqual([0, 10]);
    });

    it("replaces an object", async () => {
      await store.put("k", pattern(100), {}, signal);
      await store.put("k", Uint8Array.of(7), {}, signal);
      expect([...(await store.get("k", signal))]).toEqual([7]);
    });

    it("does not replace when told so, whoever else tries", async () => {
      const puts = [1, 2, 3, 4].map((value) =>
        store.put("once/k", Uint8Array.of(value), { ifNoneMatch: "*" }, signal),
      );
      const results = await Promise.allSettled(puts);
      expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
      await expect(store.put("once/k", Uint8Array.of(9), { ifNoneMatch: "*" }, signal)).rejects.toThrow(
        ObjectExistsError,
      );
      const winner = 1 + results.findIndex(({ status }) => status === "fulfilled");
      expect([...(await store.get("once/k", signal))]).toEqual([winner]);
    });

    it("tells that an object is missing", async () => {
      await store.put("a/b", Uint8Array.of(1), {}, signal);
      for (const key of ["nothing", "a", "a/c", "a/b/c"]) {
        await expect(store.get(key, signal)).rejects.toThrow(ObjectNotFoundError);
        await expect(store.head(key, signal)).rejects.toThrow(ObjectNotFoundError);
        await expect(store.getRange(key, { offset: 0, length: 1 }, signal)).rejects.toThrow(
          ObjectNotFoundError,
        );
      }
    });

    it("reads any range exactly", async () => {
      const bytes = pattern(5000);
      await store.put("k", bytes, {}, signal);
      await fc.assert(
        fc.asyncProperty(fc.nat(4999), fc.nat(4999), async (a, b) => {
          const [offset, end] = [Math.min(a, b), Math.max(a, b) + 1];
          const got = await store.getRange("k", { offset, length: end - offset }, signal);
          expect(Buffer.compare(got, bytes.subarray(offset, end))).toBe(0);
        }),
        { numRuns: 25 },
      );
    });

    it.each([
      { offset: 90, length: 11 },
      { offset: 100, length: 1 },
      { offset: 0, length: 2 ** 40 },
    ])("does not make up bytes beyond the end: $offset +$length", async (range) => {
      await store.put("k", pattern(100), {}, signal);
      await expect(store.getRange("k", range, signal)).rejects.toThrow(DataLossError);
    });

    it.each([
      { offset: 0, length: 0 },
      { offset: -1, length: 5 },
      { offset: 0.5, length: 5 },
      { offset: 0, length: Number.NaN },
    ])("refuses the range $offset +$length", async (range) => {
      await store.put("k", pattern(100), {}, signal);
      await expect(store.getRange("k", range, signal)).rejects.toThrow(InvalidArgumentError);
    });

    it("deletes, and deleting nothing is no error", async () => {
      await store.put("a/b/c", Uint8Array.of(1), {}, signal);
      await store.put("a/d", Uint8Array.of(1), {}, signal);
      await store.delete("a/b/c", signal);
      await store.delete("a/b/c", signal);
      await store.delete("never/was", signal);
      await expect(store.get("a/b/c", signal)).rejects.toThrow(ObjectNotFoundError);
      expect(await names(store, "", {})).toEqual(["a/d"]);
      await store.put("a/b/c", Uint8Array.of(2), {}, signal);
      expect([...(await store.get("a/b/c", signal))]).toEqual([2]);
    });

    it.each([
      { name: "empty", key: "" },
      { name: "absolute", key: "/a" },
      { name: "a folder", key: "a/" },
      { name: "with an empty part", key: "a//b" },
      { name: "the root", key: "." },
      { name: "above the root", key: "../a" },
      { name: "above the root, later", key: "a/../../b" },
      { name: "with a part that means nothing", key: "a/./b" },
      { name: "with a control character", key: "a\0b" },
      { name: "with a backslash", key: "a\\b" },
      { name: "that is too long", key: "x/".repeat(512) + "x" },
      { name: "with a part that is too long", key: `a/${"y".repeat(256)}` },
      { name: "of a reserved folder", key: ".staging/a" },
    ])("refuses a key $name", async ({ key }) => {
      await expect(store.put(key, Uint8Array.of(1), {}, signal)).rejects.toThrow(InvalidArgumentError);
      await expect(store.get(key, signal)).rejects.toThrow(InvalidArgumentError);
      await expect(store.delete(key, signal)).rejects.toThrow(InvalidArgumentError);
    });

    it("lists sizes and keys, sorted by bytes", async () => {
      const keys = ["b", "a/c", "a-b", "a0", "a/b/x", "é", "\u{1F600}", "\uFF5E", "a.b"];
      for (const key of keys) await store.put(key, pattern(key.length), {}, signal);
      expect(await names(store, "", {})).toEqual([...keys].sort(compareKeys));
      const entries = await collect(store.list("a/", {}, signal));
      expect(entries).toMatchObject([
        { type: "object", key: "a/b/x", sizeBytes: 5 },
        { type: "object", key: "a/c", sizeBytes: 3 },
      ]);
    });

    it("lists as a filter over all keys would", async () => {
      const part = fc.constantFrom("a", "b", "a-", "ab", "0");
      const key = fc.array(part, { minLength: 3, maxLength: 3 }).map((parts) => parts.join("/"));
      const keys = fc.sample(key, { numRuns: 40, seed: 7 });
      for (const each of new Set(keys)) await store.put(each, Uint8Array.of(1), {}, signal);
      const cursor = fc.oneof(key, fc.constantFrom("a", "a/", "a/b", "a/b/", "b/a-", "", "ab/"));
      await fc.assert(
        fc.asyncProperty(
          cursor,
          fc.option(cursor, { nil: undefined }),
          fc.boolean(),
          async (prefix, startAfter, folded) => {
            const options: ListOptions = {
              ...(startAfter === undefined ? {} : { startAfter }),
              ...(folded ? { delimiter: "/" } : {}),
            };
            expect(await names(store, prefix, options)).toEqual(modelList(keys, prefix, options));
          },
        ),
        { numRuns: 100 },
      );
    });

    it("stops a listing when its signal aborts", async () => {
      for (const key of ["a/1", "b/1", "c/1"]) await store.put(key, Uint8Array.of(1), {}, signal);
      const controller = new AbortController();
      const seen: ListEntry[] = [];
      const list = async (): Promise<void> => {
        for await (const entry of store.list("", {}, controller.signal)) {
          seen.push(entry);
          controller.abort();
        }
      };
      await expect(list()).rejects.toThrow(CanceledError);
      expect(seen).toHaveLength(1);
    });

    it("does nothing under a signal that has aborted", async () => {
      const reason = new CanceledError("the caller went away");
      const aborted = AbortSignal.abort(reason);
      await expect(store.put("k", Uint8Array.of(1), {}, aborted)).rejects.toBe(reason);
      await expect(store.get("k", aborted)).rejects.toBe(reason);
      await expect(store.delete("k", aborted)).rejects.toBe(reason);
      await expect(store.checkAccess(aborted)).rejects.toBe(reason);
      expect(await names(store, "", {})).toEqual([]);
    });

    it("checks access and leaves nothing behind", async () => {
      await store.checkAccess(signal);
      expect(await names(store, "", {})).toEqual([]);
    });

    it("keeps concurrent puts apart", async () => {
      const keys = Array.from(
        { length: 30 },
        (_, index) => `segments/1/anonymous/${index % 10}/${index}.bin`,
      );
      await Promise.all(keys.map((key, index) => store.put(key, pattern(1000 + index), {}, signal)));
      const entries = await collect(store.list("segments/", {}, signal));
      const sizes = new Map(
        entries.flatMap((entry) => (entry.type === "object" ? [[entry.key, entry.sizeBytes]] : [])),
      );
      expect(sizes).toEqual(new Map(keys.map((key, index) => [key, 1000 + index])));
    });
  });
}

async function collect(entries: AsyncIterable<ListEntry>): Promise<ListEntry[]> {
  const collected: ListEntry[] = [];
  for await (const entry of entries) collected.push(entry);
  return collected;
}

async function names(store: ObjectStore, prefix: string, options: ListOptions): Promise<string[]> {
  const entries = await collect(store.list(prefix, options, signal));
  return entries.map((entry) => (entry.type === "object" ? entry.key : entry.prefix));
}

/** The same by brute force. */
function modelList(keys: readonly string[], prefix: string, options: ListOptions): string[] {
  const folded = keys
    .filter((key) => key.startsWith(prefix))
    .map((key) => {
      const slash = options.delimiter === undefined ? -1 : key.indexOf("/", prefix.length);
      return slash === -1 ? key : key.slice(0, slash + 1);
    });
  const { startAfter } = options;
  return [...new Set(folded)]
    .filter((name) => startAfter === undefined || compareKeys(name, startAfter) > 0)
    .sort(compareKeys);
}

/** Bytes that tell their position. */
export function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (index * 31 + (index >> 8)) & 255);
}
