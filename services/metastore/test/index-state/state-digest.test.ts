import { describe, expect, it } from "@jest/globals";
import type { BlockMeta } from "@hearth/block";
import { seededRandom } from "@hearth/runtime";

import { Compaction } from "../../src/compaction/compaction.ts";
import { AppliedResults, REMEMBERED_RESULTS } from "../../src/index-state/applied-results.ts";
import { Deletions } from "../../src/deletions/deletions.ts";
import { BlockIndex } from "../../src/index-state/block-index.ts";
import { encodeAddBlocks, STATE_VERSION } from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { encodeState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import { DigestSum, ElementHash } from "../../src/index-state/state-digest.ts";
import { dataset, MEMORY, labelsOf, START_MS, ulidAt, wireBlock } from "../support/blocks.ts";
import { randomCommand } from "../support/fuzz-commands.ts";
import { slowDigest } from "../support/slow-digest.ts";

const random = seededRandom(1);
const [first = "", second = ""] = [0, 1].map((hour) => ulidAt(START_MS + hour * 3_600_000, random));
const NANOS = BigInt(START_MS) * 1_000_000n;

function restored(state: MetastoreState): MetastoreState {
  const decoder = new StateDecoder();
  for (const frame of encodeState(state.capture())) decoder.add(frame);
  return decoder.finish();
}

interface Command {
  readonly id?: string;
  readonly block?: Partial<BlockMeta>;
  readonly request?: number;
  readonly stampNanos?: bigint;
}

function stateAfter(...commands: readonly Command[]): MetastoreState {
  const state = new MetastoreState();
  for (const { id = first, block, request, stampNanos = NANOS } of commands) {
    const requestId = request === undefined ? new Uint8Array() : new Uint8Array(16).fill(request);
    state.apply(encodeAddBlocks([wireBlock(id, block)], { version: 1, stampNanos, requestId }));
  }
  return state;
}

describe("the digest of a state", () => {
  it("is that of the whole state hashed anew, and of its snapshot restored, after any commands", () => {
    for (let seed = 0; seed < 10; seed++) {
      const random = seededRandom(seed);
      const state = new MetastoreState();
      for (let n = 0; n < 20; n++) {
        state.apply(randomCommand(random));
        expect({ seed, n, digest: state.digest() }).toEqual({ seed, n, digest: slowDigest(state) });
      }
      const again = restored(state);
      expect(again.digest()).toBe(state.digest());
      const next = randomCommand(random);
      state.apply(next);
      again.apply(next);
      expect(again.digest()).toBe(state.digest());
    }
  });

  it("loses results that are forgotten", () => {
    const results = new AppliedResults();
    for (let n = 0; n < REMEMBERED_RESULTS + 5; n++) {
      results.remember({ requestId: String(n), bodyCrc: n, result: { type: "blocks-added", refusals: [] } });
    }
    const index = new BlockIndex();
    const deletions = new Deletions(index);
    const compaction = new Compaction(index, deletions);
    const state = new MetastoreState({ index, compaction, deletions, results, lastStampNanos: 1n });
    expect(state.digest()).toBe(slowDigest(state));
    expect(state.digest()).toBe(restored(state).digest());
  });

  it("changes nothing when applying changes nothing", () => {
    const once = stateAfter({ request: 1 });
    const twice = stateAfter({ request: 1 }, { request: 1, stampNanos: NANOS + 5n });
    expect(twice.digest()).toBe(once.digest());
  });

  const base: Command = { request: 1 };
  it.each<{ name: string; other: readonly Command[] }>([
    { name: "a block less", other: [] },
    { name: "a block more", other: [base, { id: second }] },
    { name: "another id of the block", other: [{ ...base, id: second }] },
    { name: "another size", other: [{ ...base, block: { sizeBytes: 10_001 } }] },
    { name: "another tenant", other: [{ ...base, block: { datasets: [dataset({ tenant: "other" })] } }] },
    {
      name: "another label set",
      other: [{ ...base, block: { datasets: [dataset({ labelSets: [labelsOf("shop", MEMORY)] })] } }],
    },
    { name: "another request id", other: [{ request: 2 }] },
    { name: "no result remembered", other: [{}] },
    { name: "another refusal remembered", other: [{ ...base, block: { shard: 0 } }] },
    { name: "a later stamp", other: [{ ...base, stampNanos: NANOS + 1n }] },
    { name: "a later registration", other: [{ ...base, stampNanos: NANOS + 1_000_000n }] },
  ])("differs with $name", ({ other }) => {
    expect(stateAfter(...other).digest()).not.toBe(stateAfter(base).digest());
  });

  // Nodes of one version compare their digests: where this one changes, the version has to be raised.
  it("is the same for every program of one version", () => {
    const state = stateAfter({ request: 1 }, { id: second, request: 2, block: { shard: 0 } });
    expect({ version: STATE_VERSION, digest: state.digest() }).toEqual({
      version: 4,
      digest: "529563657fb12b71",
    });
  });
});

describe("the hash of an element", () => {
  const hashOf = (bytes: Uint8Array): string => {
    const sum = new DigestSum();
    sum.add(new ElementHash().begin(1).bytes(bytes).end());
    return sum.toString();
  };

  it("differs in both lanes for each changed bit, and for each length", () => {
    const random = seededRandom(2);
    const bytes = random.fill(new Uint8Array(41));
    const hashes = Array.from({ length: bytes.length + 1 }, (_, length) => hashOf(bytes.subarray(0, length)));
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      const changed = bytes.slice();
      changed[bit >> 3]! ^= 1 << (bit & 7);
      hashes.push(hashOf(changed));
    }
    expect(new Set(hashes.map((hash) => hash.slice(0, 8))).size).toBe(hashes.length);
    expect(new Set(hashes.map((hash) => hash.slice(8))).size).toBe(hashes.length);
  });

  it("does not tell from where in its memory the bytes were read", () => {
    const bytes = seededRandom(3).fill(new Uint8Array(40));
    const shifted = new Uint8Array(41);
    shifted.set(bytes, 1);
    expect(hashOf(shifted.subarray(1))).toBe(hashOf(bytes));
  });
});
