import { defineSettings, setting, sourceSettings, type AllSettings, type Setting } from "@hearth/config";
import { metastoreSettings } from "@hearth/metastore";
import { helpOf } from "../rebuild/rebuild-settings.ts";
import { schemas } from "../settings.ts";

const recoverySettings = defineSettings("Recovery", {
  acceptDataLoss: setting.bool({
    flag: "accept-data-loss",
    yaml: false,
    default: false,
    doc: "Do it. Without this the command says what it would do, and changes nothing.",
  }),
});

/** The settings of the command are those of the server, so that it can be given the same flags and the same file, and one more. */
export const recoverSchemas = { ...schemas, recovery: recoverySettings };

export type RecoverSettings = AllSettings<typeof recoverSchemas>;

const INTRODUCTION = `Usage of recover-metastore:
When a majority of the metastore's nodes is lost for good: makes one that is left, and is stopped, the only member of a group
that goes on from the end of its log. What only the others had is lost. Without --accept-data-loss nothing is changed.

  npm run recover-metastore -- -metastore.raft.dir=DIR -metastore.raft.snapshots-dir=DIR -metastore.raft.server-id=H:P

Exit codes: 0 recovered, 1 refused or failed (the reason is named), 2 nothing done, or bad settings.

It takes all flags of the server; these matter:
`;

/** The text of `-help`. */
export function recoverHelpText(): string {
  const { raftDir, snapshotsDir, serverId, bootstrapPeers } = metastoreSettings.fields;
  const shown: readonly Setting<unknown>[] = [
    recoverySettings.fields.acceptDataLoss,
    sourceSettings.fields.configFile,
    raftDir,
    snapshotsDir,
    serverId,
    bootstrapPeers,
  ];
  return `${INTRODUCTION}${shown.map(helpOf).join("")}`;
}
