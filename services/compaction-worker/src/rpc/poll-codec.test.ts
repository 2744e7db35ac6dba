import { describe, expect, it } from "@jest/globals";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { blockMetaToWire } from "@hearth/block";
import { deletionToWire } from "@hearth/deletions";
import {
  PollJobsRequestSchema,
  PollJobsResponseSchema,
  SourceFaultKind,
} from "@hearth/proto/hearth/metastore/v1";

import { blockMeta } from "../../test/support/jobs.ts";
import type { JobOutcome } from "../jobs/job.ts";
import { decodeAnswer, encodePoll, reportSizeBytes } from "./poll-codec.ts";

const claim = { job: 7, token: 12 };
const wireClaim = { job: 7n, token: 12n };
const output = blockMeta({ id: "01J2VJQPYDC160REPAD2VN88XN", level: 1 });
const origin = { sources: ["01J2VJQPYDC160REPAD2VN88XM"], outputCount: 1 };

const deletion = {
  number: 8,
  tenant: "acme",
  matchers: [{ name: "pod", operator: "=~" as const, value: "a.*" }],
  startMs: 5,
  endMs: 6,
};

describe("encodePoll", () => {
  it("says what the worker holds and how much more it takes", () => {
    const poll = { jobCapacity: 2, byteCapacity: 300, held: [claim], reports: [] };
    expect(encodePoll("worker-1", poll)).toMatchObject({
      worker: "worker-1",
      jobCapacity: 2,
      byteCapacity: 300n,
      held: [wireClaim],
    });
  });

  it("says that the worker can sum rows", () => {
    const poll = { jobCapacity: 2, byteCapacity: 300, held: [], reports: [] };
    expect(encodePoll("worker-1", poll).sumsRows).toBe(true);
  });

  it.each<{ outcome: JobOutcome; want: object }>([
    {
      outcome: {
        type: "compacted",
        outputs: [{ ...output, origin }],
        repeatedRows: 3,
        deletedRows: new Map([["acme", 5]]),
        summedRows: 7,
      },
      want: {
        case: "compacted",
        value: {
          outputs: [{ id: output.id, level: 1 }],
          repeatedRows: 3n,
          deletedRows: [{ tenant: "acme", rows: 5n }],
          summedRows: 7n,
        },
      },
    },
    { outcome: { type: "deleted" }, want: { case: "deleted" } },
    { outcome: { type: "returned", why: "closing" }, want: { case: "returned" } },
    {
      outcome: {
        type: "failed",
        reason: "why",
        faults: [
          { block: "A", kind: "missing", reason: "gone" },
          { block: "B", kind: "damaged", reason: "bad" },
        ],
      },
      want: {
        case: "failed",
        value: {
          reason: "why",
          faults: [
            { block: "A", kind: SourceFaultKind.MISSING, reason: "gone" },
            { block: "B", kind: SourceFaultKind.DAMAGED, reason: "bad" },
          ],
        },
      },
    },
  ])("tells that a job is $outcome.type", ({ outcome, want }) => {
    const poll = { jobCapacity: 0, byteCapacity: 0, held: [], reports: [{ claim, outcome }] };
    const bytes = toBinary(PollJobsRequestSchema, encodePoll("worker-1", poll));
    const [report] = fromBinary(PollJobsRequestSchema, bytes).reports;
    expect(report).toMatchObject({ claim: wireClaim, outcome: want });
    expect(reportSizeBytes({ claim, outcome })).toBeLessThan(bytes.length);
  });
});

it("encodePoll leaves out what a block was made from", () => {
  const dropped = { repeatedRows: 0, deletedRows: new Map<string, number>(), summedRows: 0 };
  const outcome = { type: "compacted", outputs: [{ ...output, origin }], ...dropped } as const;
  const bare = { ...outcome, outputs: [output] };
  expect(reportSizeBytes({ claim, outcome })).toBe(reportSizeBytes({ claim, outcome: bare }));
});

it("encodePoll tells which deletions are applied to an output", () => {
  const outputs = [{ ...output, origin: { ...origin, deletionsApplied: 9 } }];
  const dropped = { repeatedRows: 0, deletedRows: new Map<string, number>(), summedRows: 0 };
  const outcome = { type: "compacted", outputs, ...dropped } as const;
  const poll = { jobCapacity: 0, byteCapacity: 0, held: [], reports: [{ claim, outcome }] };
  expect(encodePoll("worker-1", poll)).toMatchObject({
    appliesDeletions: true,
    reports: [{ outcome: { value: { outputs: [{ origin: { sources: [], deletionsApplied: 9n } }] } } }],
  });
});

describe("decodeAnswer", () => {
  it("reads jobs, revoked claims and refusals", () => {
    const response = create(PollJobsResponseSchema, {
      compactions: [
        {
          claim: wireClaim,
          shard: 3,
          level: 1,
          sources: [blockMetaToWire(output)],
          deletions: [deletionToWire(deletion)],
          deletionsApplied: 9n,
          isRewrite: true,
        },
        { claim: { job: 11n, token: 4n }, shard: 3, level: 3, outputLevel: 4 },
      ],
      deletions: [
        { claim: { job: 8n, token: 1n }, objects: [{ block: "A", tenant: "acme", shard: 2, level: 1 }] },
      ],
      revoked: [{ job: 9n, token: 2n }],
      refusals: [{ claim: { job: 10n, token: 3n }, reason: "too late" }],
      leaseMs: 15_000n,
    });
    expect(decodeAnswer(response)).toEqual({
      jobs: [
        {
          type: "compaction",
          claim,
          shard: 3,
          level: 1,
          sources: [output],
          deletions: { list: [deletion], upTo: 9, isRewrite: true },
          outputLevel: 0,
        },
        {
          type: "compaction",
          claim: { job: 11, token: 4 },
          shard: 3,
          level: 3,
          sources: [],
          deletions: { list: [], upTo: 0, isRewrite: false },
          outputLevel: 4,
        },
        {
          type: "deletion",
          claim: { job: 8, token: 1 },
          objects: [{ id: "A", tenant: "acme", shard: 2, level: 1 }],
        },
      ],
      unreadable: [],
      revoked: [{ job: 9, token: 2 }],
      refusals: [{ claim: { job: 10, token: 3 }, reason: "too late" }],
      leaseMs: 15_000,
    });
  });

  it("sets a job aside whose metadata cannot be read", () => {
    const sources = [{ ...blockMetaToWire(output), tenant: 99 }];
    const good = { claim: { job: 8n, token: 1n } };
    const response = create(PollJobsResponseSchema, { compactions: [{ claim: wireClaim, sources }, good] });
    const { jobs, unreadable } = decodeAnswer(response);
    expect(jobs).toHaveLength(1);
    expect(unreadable).toEqual([{ claim, reason: expect.stringContaining("no such string") }]);
  });
});
