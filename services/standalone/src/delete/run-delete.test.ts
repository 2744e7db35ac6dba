import { describe, expect, it } from "@jest/globals";
import { create } from "@bufbuild/protobuf";
import { UnavailableError } from "@hearth/errors";
import {
  DeleteProfilesResponseSchema,
  DeletionSchema,
  type Deletion,
} from "@hearth/proto/hearth/deletion/v1";
import { seededRandom } from "@hearth/runtime";
import type { DeleteTask } from "./delete-arguments.ts";
import { runDelete } from "./run-delete.ts";

const TASK: Extract<DeleteTask, { type: "delete" }> = {
  type: "delete",
  selector: "{}",
  startMs: 0,
  endMs: 0,
  reason: "why",
  requestedBy: "me",
  isDryRun: false,
  waits: false,
};
const deletion = (state: string, fields: Partial<Omit<Deletion, "$typeName" | "$unknown">> = {}): Deletion =>
  create(DeletionSchema, { number: 7n, selector: "{}", end: 1n, reason: "why", state, ...fields });

/** A server that gives these answers, one look after another. */
function server(...looks: (Deletion | Error | undefined)[]) {
  const lines: string[] = [];
  const requests: unknown[] = [];
  const api = {
    async deleteProfiles(request: { dryRun?: boolean }) {
      requests.push(request);
      const reach = { wholeBlocks: 1n, partialBlocks: 2n, profiles: 3n, sizeBytes: 4n };
      const made = request.dryRun ? {} : { deletion: deletion("rewriting", { touchedBlocks: 3n }) };
      return create(DeleteProfilesResponseSchema, { reach, ...made });
    },
    async get() {
      const look = looks.shift();
      if (look instanceof Error) throw look;
      return look;
    },
    list: async () => [deletion("gone", { requestedBy: "ops" }), deletion("ended")],
  };
  const clock = { sleep: async (_: number, signal?: AbortSignal) => signal?.throwIfAborted() };
  const out = { write: (text: string) => lines.push(text.trimEnd()) > 0 };
  const run = (task: DeleteTask, signal = new AbortController().signal): Promise<0 | 1> =>
    runDelete(task, { api, clock, random: seededRandom(1), out }, signal);
  return { run, lines, requests };
}

describe("delete-profiles", () => {
  it("says what is touched, and what it became", async () => {
    const { run, lines, requests } = server();
    expect(await run(TASK)).toBe(0);
    expect(lines).toEqual([
      "touches 1 whole blocks and 2 in part, with at most 3 profiles in 4 bytes",
      "7 {} 0..1970-01-01T00:00:00.001Z requested 0: why [rewriting: 3 blocks to go]",
    ]);
    expect(requests).toMatchObject([{ selector: "{}", reason: "why", requestedBy: "me", dryRun: false }]);
  });

  it("changes nothing in a dry run", async () => {
    const { run, lines } = server();
    expect(await run({ ...TASK, isDryRun: true })).toBe(0);
    expect(lines).toEqual(["would touch 1 whole blocks and 2 in part, with at most 3 profiles in 4 bytes"]);
  });

  it("waits until the bytes are gone, over a server that starts again, and says each step once", async () => {
    const { run, lines } = server(
      deletion("rewriting", { touchedBlocks: 2n, quarantinedBlocks: 1n }),
      deletion("rewriting", { touchedBlocks: 2n, quarantinedBlocks: 1n }),
      new UnavailableError("no answer"),
      deletion("removing", { pendingObjects: 5n }),
      deletion("gone"),
    );
    expect(await run({ ...TASK, waits: true })).toBe(0);
    expect(lines.slice(2)).toEqual([
      "rewriting: 2 blocks to go, 1 of them quarantined",
      "removing: 5 objects to go",
      "gone",
    ]);
  });

  it("fails when the server does not know the deletion any more, or nobody waits any more", async () => {
    expect(await server(undefined).run({ ...TASK, waits: true })).toBe(1);
    expect(await server(deletion("rewriting")).run({ ...TASK, waits: true }, AbortSignal.abort())).toBe(1);
  });

  it("lists", async () => {
    const { run, lines } = server();
    expect(await run({ type: "list" })).toBe(0);
    expect(lines).toEqual([
      "7 {} 0..1970-01-01T00:00:00.001Z requested 0 by ops: why [gone]",
      "7 {} 0..1970-01-01T00:00:00.001Z requested 0: why [ended]",
    ]);
  });
});
