import { describe, expect, it } from "@jest/globals";
import { loadSettings } from "@hearth/config";
import { asksForHelp, rebuildHelpText, rebuildSchemas } from "./rebuild-settings.ts";

function load(argv: readonly string[], yaml = "") {
  const outcome = loadSettings(rebuildSchemas, {
    argv,
    env: {},
    readFile: () => yaml,
    versionText: "",
    modulesText: "",
  });
  if (outcome.type === "print") throw new Error("nothing was to be printed");
  return outcome.settings;
}

describe("settings of the rebuild", () => {
  it.each([
    { argv: ["-help"], want: true },
    { argv: ["-storage.filesystem.dir=x", "--help"], want: true },
    { argv: ["-h"], want: true },
    { argv: ["-storage.filesystem.dir=-help"], want: false },
    { argv: [], want: false },
  ])("ask for help or not: $argv", ({ argv, want }) => {
    expect(asksForHelp(argv)).toBe(want);
  });

  it("name no metastore elsewhere unless they are told to", () => {
    expect(load([]).addresses.metastore).toBe("");
    expect(load(["-metastore.address=m:9095"]).addresses.metastore).toBe("m:9095");
  });

  it("are those of the server's own file and flags", () => {
    const yaml = "server:\n  http_listen_port: 4040\nstorage:\n  filesystem:\n    dir: /data/bucket\n";
    const settings = load(
      ["-config.file=server.yaml", "-target=all", "-metastore.raft.dir=/data/raft"],
      yaml,
    );
    expect(settings.storage.filesystemDir).toBe("/data/bucket");
    expect(settings.metastore.raftDir).toBe("/data/raft");
  });

  it("are all known that the help names", () => {
    const flags = [...rebuildHelpText().matchAll(/^ {2}-(\S+) \S+$/gmu)].map((match) => match[1]!);
    expect(flags).toContain("metastore.raft.dir");
    for (const flag of flags.filter((name) => !/backend|level|address|config/u.test(name))) {
      expect(() => load([`-${flag}=x`])).not.toThrow();
    }
  });
});
