import { describe, expect, it } from "@jest/globals";
import { InvalidArgumentError } from "@hearth/errors";

import {
  blockKeyOfLetter,
  blockObjectKey,
  deadLetterKey,
  metastoreSnapshotKey,
  parseMetastoreSnapshotKey,
  parseObjectKey,
  refusedLetterKey,
} from "./object-keys.ts";

const id = "01J2VJQPYDC160REPAD2VN88XN";

describe("blockObjectKey", () => {
  it.each([
    { name: "a segment is shared by tenants", level: 0, want: `segments/7/anonymous/${id}/block.bin` },
    { name: "level 1 belongs to one tenant", level: 1, want: `blocks/7/acme/${id}/block.bin` },
    { name: "level 3 keeps the layout", level: 3, want: `blocks/7/acme/${id}/block.bin` },
  ])("$name", ({ level, want }) => {
    expect(blockObjectKey({ tenant: "acme", shard: 7, level, id })).toBe(want);
  });
});

describe("deadLetterKey", () => {
  it.each([
    { name: "of a segment", level: 0, want: `dlq/7/anonymous/${id}/meta.pb` },
    { name: "of a tenant's block", level: 1, want: `dlq/7/acme/${id}/meta.pb` },
  ])("$name", ({ level, want }) => {
    expect(deadLetterKey({ tenant: "acme", shard: 7, level, id })).toBe(want);
  });
});

describe("a dead letter", () => {
  it.each([
    { tenant: "anonymous", want: `segments/7/anonymous/${id}/block.bin` },
    { tenant: "acme", want: `blocks/7/acme/${id}/block.bin` },
  ])("of $tenant leads to its block, and to where it goes when it is refused", ({ tenant, want }) => {
    const letter = { type: "deadLetter", shard: 7, tenant, id } as const;
    expect(blockKeyOfLetter(letter)).toBe(want);
    expect(parseObjectKey(refusedLetterKey(letter))).toEqual({ ...letter, type: "refusedLetter" });
  });
});

describe("parts of a key", () => {
  it.each([
    { name: "a tenant that climbs", part: { tenant: ".." } },
    { name: "a tenant that is the folder itself", part: { tenant: "." } },
    { name: "a tenant with a slash", part: { tenant: "a/b" } },
    { name: "no tenant", part: { tenant: "" } },
    { name: "a tenant that is too long", part: { tenant: "a".repeat(151) } },
    { name: "a tenant beyond ASCII", part: { tenant: "é" } },
    { name: "shard 0", part: { shard: 0 } },
    { name: "a broken shard", part: { shard: 1.5 } },
    { name: "a shard beyond 32 bits", part: { shard: 2 ** 32 } },
    { name: "an id that is no ULID", part: { id: "../../../etc/passwd" } },
    { name: "a ULID in lower case", part: { id: id.toLowerCase() } },
  ])("refuses $name", ({ part }) => {
    const block = { tenant: "acme", shard: 7, level: 1, id, ...part };
    expect(() => blockObjectKey(block)).toThrow(InvalidArgumentError);
    expect(() => deadLetterKey(block)).toThrow(InvalidArgumentError);
  });
});

describe("parseObjectKey", () => {
  it.each([
    { key: `segments/1/anonymous/${id}/block.bin`, want: { type: "segment", shard: 1, id } },
    {
      key: `blocks/4294967295/.a!*'()_-/${id}/block.bin`,
      want: { type: "block", shard: 2 ** 32 - 1, tenant: ".a!*'()_-", id },
    },
    { key: `dlq/12/acme/${id}/meta.pb`, want: { type: "deadLetter", shard: 12, tenant: "acme", id } },
    {
      key: `dlq-refused/12/acme/${id}/meta.pb`,
      want: { type: "refusedLetter", shard: 12, tenant: "acme", id },
    },
  ])("reads $key back", ({ key, want }) => {
    expect(parseObjectKey(key)).toEqual(want);
  });

  it.each([
    "",
    "block.bin",
    `segments/1/acme/${id}/block.bin`,
    `segments/01/anonymous/${id}/block.bin`,
    `segments/4294967296/anonymous/${id}/block.bin`,
    `blocks/1/../${id}/block.bin`,
    `blocks/1/acme/${id}/meta.pb`,
    `blocks/1/acme/${id}/block.bin/x`,
    `dlq/1/acme/${id}/block.bin`,
    `other/1/acme/${id}/block.bin`,
    `blocks/1/acme/not-a-ulid/block.bin`,
  ])("knows that %j is none of ours", (key) => {
    expect(parseObjectKey(key)).toBeUndefined();
  });
});

describe("metastoreSnapshotKey", () => {
  const clusterId = "0123456789abcdef0123456789abcdef";
  const place = { clusterId, index: 8193, term: 2 };
  const key = `metastore/snapshots/${clusterId}/8193-2.bin`;

  it("is read back", () => {
    expect(metastoreSnapshotKey(place)).toBe(key);
    expect(parseMetastoreSnapshotKey(key)).toEqual(place);
  });

  it.each([
    { clusterId: ".." },
    { clusterId: clusterId.toUpperCase() },
    { index: 0 },
    { index: 2 ** 53 },
    { term: 1.5 },
  ])("refuses %j", (part) => {
    expect(() => metastoreSnapshotKey({ ...place, ...part })).toThrow(InvalidArgumentError);
  });

  it.each([
    `metastore/snapshots/${clusterId}/08193-2.bin`,
    `metastore/snapshots/${clusterId}/8193.bin`,
    `metastore/snapshots/${clusterId}/8193-2.bin/x`,
    `metastore/snapshots/../8193-2.bin`,
    `metastore/${clusterId}/8193-2.bin`,
    "metastore/snapshots/",
  ])("knows that %j is none", (other) => {
    expect(parseMetastoreSnapshotKey(other)).toBeUndefined();
  });
});
