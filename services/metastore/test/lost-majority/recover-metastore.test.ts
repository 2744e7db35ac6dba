import { mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { afterEach, beforeEach, describe, expect, it } from "@jest/globals";
import { defaultsOf } from "@hearth/config";
import { systemClock } from "@hearth/runtime";

import { metastoreSettings, recoverMetastore } from "../../src/index.ts";

const { signal } = new AbortController();

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "recover-"));
});
afterEach(() => rm(folder, { recursive: true }));

function recover() {
  const settings = {
    ...defaultsOf(metastoreSettings),
    raftDir: join(folder, "raft"),
    snapshotsDir: join(folder, "other"),
  };
  return recoverMetastore({ clock: systemClock, onStep() {} }, settings, true, signal);
}

describe("the recovery of a metastore makes nothing where there is none:", () => {
  it.each<{ name: string; folders: string[]; problem: string }>([
    { name: "the folders are not there", folders: [], problem: "there are no files of a node: raft_dir=" },
    {
      name: "they are empty",
      folders: ["raft", "other"],
      problem: "there are no files of a node: raft_dir=",
    },
    {
      name: "only snapshots are there",
      folders: ["raft", "other/snapshots"],
      problem: "there are no files of a node: raft_dir=",
    },
    {
      name: "the folder of the snapshots is another",
      folders: ["raft/log", "other"],
      problem: "there is no folder of snapshots: snapshots_dir=",
    },
    {
      name: "a recovery was broken off, and the folder of the snapshots is another",
      folders: ["raft/log", "raft/hard-state.recovering"],
      problem: "there is no folder of snapshots: snapshots_dir=",
    },
  ])("$name", async ({ folders, problem }) => {
    for (const name of folders) await mkdir(join(folder, name), { recursive: true });
    const before = await readdir(folder, { recursive: true });
    await expect(recover()).rejects.toThrow(problem);
    expect(await readdir(folder, { recursive: true })).toEqual(before);
  });
});
