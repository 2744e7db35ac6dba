import { describe, expect, it } from "@jest/globals";
import { importedIdentity, planImport, type ImportFindings } from "../../src/backup/plan-import.ts";
import type { HardState } from "../../src/replicated-log/hard-state.ts";
import { firstIdentity } from "../../src/replicated-log/identity.ts";

const cluster = { clusterName: "metastore", nodeName: "b", initialPeers: ["b", "a"] };
const digest = "ab".repeat(32);
const snapshot = { digest, position: { index: 9, term: 4, chain: 77 } };
const empty: ImportFindings = {
  cluster,
  snapshot,
  hardState: { type: "absent" },
  logIsEmpty: true,
  snapshotIndexes: [],
};

function begunAs(identity: HardState["identity"]): ImportFindings["hardState"] {
  const value = { identity, term: 8, vote: "a/0", witness: { index: 100, chain: 1 } };
  return { type: "valid", value };
}

const fresh = begunAs(firstIdentity({ name: "metastore", peers: ["a", "b"], nodeName: "b" }));

describe("planImport", () => {
  it("begins with the place in the log, and with members and identity of its own", () => {
    const identity = importedIdentity(cluster, digest);
    expect(planImport(empty)).toEqual({
      type: "import",
      identity,
      membership: { voters: ["a/0", "b/0"], outgoing: [], learners: [] },
      hardState: { identity, term: 4, vote: undefined, witness: { index: 9, chain: 77 } },
    });
  });

  it.each<{ name: string; findings: Partial<ImportFindings>; want: object }>([
    {
      name: "an import that broke off is done again",
      findings: { snapshotIndexes: [9] },
      want: { type: "import" },
    },
    {
      name: "nothing is left to do once it is imported, however far it is since",
      findings: {
        hardState: begunAs(importedIdentity(cluster, digest)),
        logIsEmpty: false,
        snapshotIndexes: [50],
      },
      want: { type: "imported" },
    },
    {
      name: "a metastore that has begun is not empty",
      findings: { hardState: fresh },
      want: { type: "refuse", reason: "the metastore is not empty" },
    },
    {
      name: "nor is one that began with another snapshot",
      findings: { hardState: begunAs(importedIdentity(cluster, "cd".repeat(32))) },
      want: { type: "refuse", reason: "the metastore is not empty" },
    },
    {
      name: "nor one whose hard state cannot be read",
      findings: { hardState: { type: "damaged" } },
      want: { type: "refuse", reason: "the metastore is not empty, and its hard state is damaged" },
    },
    {
      name: "nor one that has a log and lost its hard state",
      findings: { logIsEmpty: false },
      want: { type: "refuse", reason: "the metastore is not empty: it has a log" },
    },
    {
      name: "nor one that has snapshots",
      findings: { snapshotIndexes: [12, 9] },
      want: { type: "refuse", reason: "the metastore is not empty: it has snapshots" },
    },
  ])("$name", ({ findings, want }) => {
    expect(planImport({ ...empty, ...findings })).toMatchObject(want);
  });
});

describe("importedIdentity", () => {
  const original = importedIdentity(cluster, digest).clusterId;

  it("is one cluster for nodes with the same peers and the same snapshot", () => {
    const other = { ...cluster, nodeName: "a", initialPeers: ["a", "b"] };
    expect(importedIdentity(other, digest)).toMatchObject({ clusterId: original, nodeId: "a/0" });
    expect(original).toMatch(/^[0-9a-f]{32}$/u);
  });

  it.each([
    { name: "of another snapshot", other: importedIdentity(cluster, "cd".repeat(32)).clusterId },
    {
      name: "with other peers",
      other: importedIdentity({ ...cluster, initialPeers: ["b"] }, digest).clusterId,
    },
    {
      name: "that began empty",
      other: firstIdentity({ name: "metastore", peers: ["a", "b"], nodeName: "b" }).clusterId,
    },
  ])("is another cluster than one $name", ({ other }) => {
    expect(other).not.toBe(original);
  });
});
