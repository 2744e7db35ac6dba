import { describe, expect, it } from "@jest/globals";
import { loadSettings, SettingsError } from "@hearth/config";
import { recoverHelpText, recoverSchemas } from "./recover-settings.ts";

function load(argv: readonly string[], yaml = "") {
  const outcome = loadSettings(recoverSchemas, {
    argv,
    env: {},
    readFile: () => yaml,
    versionText: "",
    modulesText: "",
  });
  if (outcome.type === "print") throw new Error("nothing was to be printed");
  return outcome.settings;
}

describe("settings of the recovery", () => {
  it.each([
    { argv: [], want: false },
    { argv: ["--accept-data-loss"], want: true },
    { argv: ["-accept-data-loss", "-metastore.raft.dir=x"], want: true },
    { argv: ["-accept-data-loss=false"], want: false },
  ])("consent to the loss only where it is given: $argv", ({ argv, want }) => {
    expect(load(argv).recovery.acceptDataLoss).toBe(want);
  });

  it("are those of the server's own file and flags", () => {
    const yaml =
      "metastore:\n  raft:\n    server_id: meta-0:9099\n    bootstrap_peers: [meta-0:9099, meta-1:9099]\n";
    const { metastore } = load(["-config.file=server.yaml", "-metastore.raft.dir=/data/raft"], yaml);
    expect(metastore).toMatchObject({
      raftDir: "/data/raft",
      serverId: "meta-0:9099",
      bootstrapPeers: ["meta-0:9099", "meta-1:9099"],
    });
  });

  it("take no consent from a file, where it would stay", () => {
    expect(() => load(["-config.file=server.yaml"], "accept_data_loss: true\n")).toThrow(SettingsError);
  });

  it("are all known that the help names", () => {
    const flags = [...recoverHelpText().matchAll(/^ {2}-(\S+) \S+$/gmu)].map((match) => match[1]!);
    expect(flags).toContain("accept-data-loss");
    for (const flag of flags.filter((name) => !/config|accept/u.test(name))) {
      expect(() => load([`-${flag}=x`])).not.toThrow();
    }
  });
});
