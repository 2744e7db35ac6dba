import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import type { DatasetMeta } from "@hearth/block";
import { DataLossError } from "@hearth/errors";
import type { BlockMeta as WireBlockMeta } from "@hearth/proto/hearth/block/v1";
import { PollJobsRequestSchema } from "@hearth/proto/hearth/metastore/v1";
import { seededRandom } from "@hearth/runtime";
import { defaultCompactionSettings } from "../../src/compaction/compaction-settings.ts";
import { REMEMBERED_RESULTS } from "../../src/index-state/applied-results.ts";
import {
  decodeCommand,
  encodeAddBlocks,
  encodePollJobs,
  MAX_COMMAND_BYTES,
  OLDEST_COMMAND_VERSION,
  OPTIONAL_SECTIONS_VERSION,
  STATE_VERSION,
} from "../../src/index-state/command-codec.ts";
import { MetastoreState } from "../../src/index-state/metastore-state.ts";
import { encodeState, hashOfState, StateDecoder } from "../../src/index-state/snapshot-codec.ts";
import { dataset, START_MS, ulidAt, wireBlock } from "../support/blocks.ts";
import { fuzzCommands, randomCommand } from "../support/fuzz-commands.ts";

const random = seededRandom(1);
const ids = Array.from({ length: 8 }, (_, i) => ulidAt(START_MS + i * 3_600_000, random));
const [first = "", second = ""] = ids;
const NANOS = BigInt(START_MS) * 1_000_000n;

function command(
  blocks: WireBlockMeta[],
  fields: { stampNanos?: bigint; request?: number } = {},
): Uint8Array {
  const requestId = fields.request === undefined ? new Uint8Array() : new Uint8Array(16).fill(fields.request);
  const envelope = { version: STATE_VERSION, stampNanos: fields.stampNanos ?? NANOS, requestId };
  return encodeAddBlocks(blocks, envelope);
}

const hashOf = (state: MetastoreState): string => hashOfState(state.capture());

function restored(state: MetastoreState): MetastoreState {
  const decoder = new StateDecoder();
  for (const frame of encodeState(state.capture())) decoder.add(frame);
  return decoder.finish();
}

describe("applying a command", () => {
  it("registers valid blocks and names the others", () => {
    const state = new MetastoreState();
    const result = state.apply(command([wireBlock(first), wireBlock(second, { shard: 0 })]));
    expect(result).toEqual({
      type: "blocks-added",
      refusals: [{ block: second, reason: "the shard is out of range" }],
    });
    expect(state.index.get(first)?.id).toBe(first);
    expect(state.index.get(second)).toBeUndefined();
  });

  it.each([
    {
      name: "no bytes",
      bytes: new Uint8Array(),
      want: { type: "rejected", reason: "the command has no version" },
    },
    { name: "bytes that are none", bytes: Uint8Array.of(0xff, 0xff), want: { type: "rejected" } },
    { name: "a version alone", bytes: Uint8Array.of(8, 1), want: { reason: "the command has no body" } },
    { name: "a short request id", bytes: Uint8Array.of(8, 1, 26, 1, 7), want: { type: "rejected" } },
    { name: "too many bytes", bytes: new Uint8Array(MAX_COMMAND_BYTES + 1), want: { type: "rejected" } },
    { name: "a newer version", bytes: Uint8Array.of(8, STATE_VERSION + 1), want: { type: "unsupported" } },
  ])("changes nothing for $name", ({ bytes, want }) => {
    const state = new MetastoreState();
    const before = hashOf(state);
    expect(state.apply(bytes)).toMatchObject(want);
    expect(hashOf(state)).toBe(before);
  });

  it("answers a request id that it knows from memory, and changes nothing", () => {
    const state = new MetastoreState();
    const bytes = command([wireBlock(first), wireBlock("bad")], { request: 1 });
    const result = state.apply(bytes);
    const before = hashOf(state);
    expect(
      state.apply(command([wireBlock(first), wireBlock("bad")], { request: 1, stampNanos: NANOS * 2n })),
    ).toEqual(result);
    expect(hashOf(state)).toBe(before);
  });

  it("takes a known request id with other content for another command", () => {
    const state = new MetastoreState();
    state.apply(command([wireBlock(first)], { request: 1 }));
    state.apply(command([wireBlock(second)], { request: 1 }));
    expect(state.index.get(second)?.id).toBe(second);
  });

  it("changes nothing for blocks that it has, whatever the request id", () => {
    const state = new MetastoreState();
    state.apply(command([wireBlock(first)]));
    const before = hashOf(state);
    state.apply(command([wireBlock(first, { sizeBytes: 99_999 })]));
    expect(hashOf(state)).toBe(before);
  });

  it("forgets the oldest result first", () => {
    const state = new MetastoreState();
    const requestId = (n: number): Uint8Array => new Uint8Array(new Uint32Array([n, 1, 1, 1]).buffer);
    for (let n = 0; n <= REMEMBERED_RESULTS; n++) {
      const envelope = { version: STATE_VERSION, stampNanos: 1n, requestId: requestId(n) };
      state.apply(encodeAddBlocks([], envelope));
    }
    const { results } = state.capture();
    expect(results.length).toBe(REMEMBERED_RESULTS);
    expect(results[0]?.requestId.charCodeAt(0)).toBe(1);
  });

  it("never lets time go back", () => {
    const state = new MetastoreState();
    state.apply(command([wireBlock(first)], { stampNanos: NANOS + 5_000_000n }));
    state.apply(command([wireBlock(second)], { stampNanos: NANOS }));
    expect(state.lastStampNanos).toBe(NANOS + 5_000_000n);
    expect(state.index.tenantStats("acme")?.lastIngestMs).toBe(START_MS + 5);
  });

  it("is total: random and mutated bytes get an answer, and a second time change nothing", () => {
    const outcome = fuzzCommands({ seed: 20_260_101, count: 4_000 });
    expect(outcome.answers).toBe(4_000);
    expect(outcome.added).toBeGreaterThan(100);
    expect(outcome.rejected).toBeGreaterThan(100);
  });
});

describe("a command", () => {
  it.each([OLDEST_COMMAND_VERSION, STATE_VERSION])("is written in version %i", (version) => {
    const bytes = encodeAddBlocks([], { version, stampNanos: 1n, requestId: new Uint8Array() });
    expect(new MetastoreState().apply(bytes).type).toBe("blocks-added");
  });

  it.each([OLDEST_COMMAND_VERSION - 1, STATE_VERSION + 1])("is not written in version %i", (version) => {
    const envelope = { version, stampNanos: 1n, requestId: new Uint8Array() };
    expect(() => encodeAddBlocks([], envelope)).toThrow(/cannot be written in this version/u);
  });
});

describe("a block with optional sections", () => {
  const rollup = {
    kind: "rollup",
    offset: 0,
    sizeBytes: 40,
    rawSizeBytes: 90,
    crc: 7,
    codec: "zstd",
  } as const;
  const plain = dataset();
  const rolledUp = dataset({ sections: [...plain.sections, rollup] });
  const stateWith = (datasets: readonly DatasetMeta[], version: number): MetastoreState => {
    const state = new MetastoreState();
    const envelope = { version, stampNanos: NANOS, requestId: new Uint8Array() };
    state.apply(encodeAddBlocks([wireBlock(first, { datasets })], envelope));
    return state;
  };

  it("keeps them", () => {
    const state = restored(stateWith([rolledUp], OPTIONAL_SECTIONS_VERSION));
    expect(state.index.get(first)?.datasets).toEqual([rolledUp]);
  });

  it("loses them where a node of an older version would", () => {
    const version = OPTIONAL_SECTIONS_VERSION - 1;
    expect(stateWith([rolledUp], version).digest()).toBe(stateWith([plain], version).digest());
  });

  it("loses them likewise as the output of a job", () => {
    const pollOf = (datasets: readonly DatasetMeta[], version: number): unknown => {
      const outputs = [wireBlock(second, { tenant: "acme", level: 2, datasets })];
      const outcome = { case: "compacted" as const, value: { outputs, repeatedRows: 0n } };
      const request = create(PollJobsRequestSchema, {
        worker: "w",
        reports: [{ claim: { job: 1n, token: 1n }, outcome }],
      });
      const envelope = { version, stampNanos: NANOS, requestId: new Uint8Array() };
      return decodeCommand(encodePollJobs(request, defaultCompactionSettings, envelope));
    };
    const older = OPTIONAL_SECTIONS_VERSION - 1;
    expect(pollOf([rolledUp], older)).toMatchObject({ poll: (pollOf([plain], older) as PollCommand).poll });
    expect(JSON.stringify(pollOf([rolledUp], OPTIONAL_SECTIONS_VERSION), bigintAsText)).toContain('"rollup"');
  });

  type PollCommand = Extract<ReturnType<typeof decodeCommand>, { type: "poll-jobs" }>;
  const bigintAsText = (_: string, value: unknown): unknown =>
    typeof value === "bigint" ? value.toString() : value;
});

describe("a snapshot of the state", () => {
  it("is the same state again: equal hash, equal answers", () => {
    for (let seed = 0; seed < 30; seed++) {
      const random = seededRandom(seed);
      const state = new MetastoreState();
      for (let n = 0; n < 30; n++) state.apply(randomCommand(random));
      const again = restored(state);
      expect(hashOf(again)).toBe(hashOf(state));
      const next = randomCommand(random);
      expect(again.apply(next)).toEqual(state.apply(next));
      expect(hashOf(again)).toBe(hashOf(state));
      expect(again.index.tenants()).toEqual(state.index.tenants());
    }
  });

  it("shows the state as it was captured, however it moved on", () => {
    const state = new MetastoreState();
    state.apply(command([wireBlock(first)]));
    const capture = state.capture();
    const before = hashOfState(capture);
    for (const id of ids) state.apply(command([wireBlock(id, { createdBy: id })]));
    expect(hashOfState(capture)).toBe(before);
  });

  it("differs when a block differs", () => {
    const states = [100, 200].map((sizeBytes) => {
      const state = new MetastoreState();
      state.apply(command([wireBlock(first, { sizeBytes: 10_000 + sizeBytes })]));
      return hashOf(state);
    });
    expect(states[0]).not.toBe(states[1]);
  });

  it("refuses to be complete when a frame is missing", () => {
    const state = new MetastoreState();
    state.apply(command([wireBlock(first)], { request: 3 }));
    const frames = [...encodeState(state.capture())];
    for (const missing of frames.keys()) {
      const decode = (): MetastoreState => {
        const decoder = new StateDecoder();
        for (const frame of frames.toSpliced(missing, 1)) decoder.add(frame);
        return decoder.finish();
      };
      expect(decode).toThrow(DataLossError);
    }
  });
});
