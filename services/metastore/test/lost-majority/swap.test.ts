import { describe, expect, it } from "@jest/globals";
import { seededRandom } from "@hearth/runtime";

import { beginSwap, finishSwap, planSwap, type FolderNames } from "../../src/lost-majority/swap.ts";
import { FaultyDirectory } from "../support/faulty-directory.ts";
import { turns } from "../support/simulated-node.ts";

const moveLog = { folder: "raft", from: "log", to: "log.before-recovery-1" };
const moveOld = { folder: "snapshots", from: "snapshots", to: "snapshots.before-recovery-1" };
const moveNew = { folder: "snapshots", from: "snapshots.recovering", to: "snapshots" };

describe("the renames that are left", () => {
  it.each<{ name: string; names: FolderNames; want: unknown[] }>([
    {
      name: "all, at first",
      names: { raft: ["log"], snapshots: ["snapshots", "snapshots.recovering"] },
      want: [moveLog, moveOld, moveNew],
    },
    {
      name: "the log is aside",
      names: { raft: ["log.before-recovery-1"], snapshots: ["snapshots", "snapshots.recovering"] },
      want: [moveOld, moveNew],
    },
    {
      name: "the old snapshots are aside",
      names: {
        raft: ["log.before-recovery-1"],
        snapshots: ["snapshots.before-recovery-1", "snapshots.recovering"],
      },
      want: [moveNew],
    },
    {
      name: "a refused start made an empty log and an empty folder meanwhile",
      names: {
        raft: ["log", "log.before-recovery-1"],
        snapshots: ["snapshots", "snapshots.before-recovery-1", "snapshots.recovering"],
      },
      want: [moveNew],
    },
    {
      name: "the new snapshots are in place, and not put aside, though no old ones were",
      names: { raft: ["log.before-recovery-1"], snapshots: ["snapshots"] },
      want: [],
    },
    {
      name: "what another recovery put aside does not count",
      names: {
        raft: ["log", "log.before-recovery-0"],
        snapshots: ["snapshots", "snapshots.before-recovery-0", "snapshots.recovering"],
      },
      want: [moveLog, moveOld, moveNew],
    },
  ])("$name", ({ names, want }) => {
    expect(planSwap(names, 1)).toEqual(want);
  });
});

const isThere = async (): Promise<void> => {};

/** Two disks that lose what was not synced. What is in the folders does not matter here: they are moved as one. */
class Disks {
  readonly raft: FaultyDirectory;
  readonly snapshots: FaultyDirectory;

  static async before(seed: number): Promise<Disks> {
    const disks = new Disks(seed);
    await write(disks.raft, { log: "old", "hard-state": "old", "hard-state.built": "new" });
    await write(disks.snapshots, { snapshots: "old", "snapshots.recovering": "new" });
    return disks;
  }

  private constructor(seed: number) {
    this.raft = new FaultyDirectory(seededRandom(seed));
    this.snapshots = new FaultyDirectory(seededRandom(seed + 1));
  }

  async swap(): Promise<void> {
    const folders = { raft: this.raft.open(), snapshots: this.snapshots.open() };
    await beginSwap(folders);
    await finishSwap(folders, 1, isThere);
  }

  async finish(): Promise<void> {
    await finishSwap({ raft: this.raft.open(), snapshots: this.snapshots.open() }, 1, isThere);
  }

  crash(): void {
    this.raft.crash();
    this.snapshots.crash();
  }

  /** What a start sees of it. */
  state(): "old" | "unfinished" | "new" {
    if (this.raft.names().includes("hard-state.recovering")) return "unfinished";
    return this.text(this.raft, "hard-state") === "old" ? "old" : "new";
  }

  text(directory: FaultyDirectory, name: string): string | undefined {
    const content = directory.content(name);
    return content && new TextDecoder().decode(content);
  }

  /** Names, and whose they are. */
  all(): Record<string, string | undefined> {
    const disks = [this.raft, this.snapshots];
    const found = disks.flatMap((disk) => disk.names().map((name) => [name, this.text(disk, name)] as const));
    return Object.fromEntries(found);
  }
}

async function write(disk: FaultyDirectory, files: Record<string, string>): Promise<void> {
  const directory = disk.open();
  for (const [name, text] of Object.entries(files)) {
    const file = await directory.create(name);
    await file.writeAt(0, new TextEncoder().encode(text));
    await file.sync();
  }
  await directory.sync();
}

const BEFORE = {
  log: "old",
  "hard-state": "old",
  "hard-state.built": "new",
  snapshots: "old",
  "snapshots.recovering": "new",
};
const AFTER = {
  "log.before-recovery-1": "old",
  "hard-state": "new",
  "snapshots.before-recovery-1": "old",
  snapshots: "new",
};

describe("a swap", () => {
  it("leaves the old state, the new one, or one that can be finished, when the power goes at any moment", async () => {
    const counts = { old: 0, unfinished: 0, new: 0 };
    for (let seed = 0; seed < 20; seed++) {
      for (let moment = 0; moment < 120; moment++) {
        const disks = await Disks.before(seed);
        void disks.swap();
        await turns(moment);
        disks.crash();
        const state = disks.state();
        counts[state]++;
        // There is a hard state at any time: without one, a start could take this for a new node.
        expect(disks.raft.names()).toContain("hard-state");
        if (state === "unfinished") await disks.finish();
        expect({ seed, moment, ...disks.all() }).toEqual({
          seed,
          moment,
          ...(state === "old" ? BEFORE : AFTER),
        });
      }
    }
    expect(Math.min(...Object.values(counts))).toBeGreaterThan(50);
  });

  it("can be finished when finishing it was broken off too", async () => {
    for (let moment = 0; moment < 120; moment++) {
      const disks = await Disks.before(moment);
      await beginSwap({ raft: disks.raft.open(), snapshots: disks.snapshots.open() });
      for (const _attempt of [1, 2]) {
        if (disks.state() !== "unfinished") break;
        void disks.finish();
        await turns(moment);
        disks.crash();
      }
      if (disks.state() === "unfinished") await disks.finish();
      expect(disks.all()).toEqual(AFTER);
    }
  });
});
