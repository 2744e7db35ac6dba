import { defineSettings, loggingSettings, setting, sourceSettings, type Setting } from "@hearth/config";
import { metastoreSettings } from "@hearth/metastore";
import { addressSettings } from "../address-settings.ts";
import { schemas } from "../settings.ts";

/**
 * The settings of the command are those of the server, so that it can be given the same flags and the same file. Two mean
 * something else when they are not given.
 */
export const rebuildSchemas = {
  ...schemas,
  addresses: defineSettings("Addresses", {
    ...addressSettings.fields,
    metastore: setting.string({
      flag: "metastore.address",
      default: "",
      doc: "Where the metastore listens that is to register the blocks: host:port, several separated by commas, or dns:///host:port. Without it, the command opens the metastore's folders itself; no server may run on them then.",
    }),
  }),
  logging: defineSettings("Logging", {
    ...loggingSettings.fields,
    level: setting.choice({
      flag: "log.level",
      yaml: "server.log_level",
      oneOf: ["debug", "info", "warn", "error"],
      default: "warn",
      doc: "Least severity that is logged on standard error: debug, info, warn or error.",
    }),
  }),
};

const INTRODUCTION = `Usage of rebuild-index:
Registers the blocks of the bucket with a metastore, by the metadata that each block carries: all but those that were
compacted into others, and outputs of compactions that did not end. Blocks that are registered already stay as they
are: it may be stopped with Ctrl-C and run again at any time.

  npm run rebuild-index -- -storage.filesystem.dir=DIR                          no server runs
  npm run rebuild-index -- -storage.filesystem.dir=DIR -metastore.address=H:P   a metastore runs there

Exit codes: 0 all registered, 1 not all (each object that was left out is named), 2 bad settings.

It takes all flags of the server; these matter:
`;

/** The text of `-help`. */
export function rebuildHelpText(): string {
  const { storage, addresses, logging } = rebuildSchemas;
  const shown: readonly Setting<unknown>[] = [
    sourceSettings.fields.configFile,
    ...Object.values(storage.fields),
    addresses.fields.metastore,
    metastoreSettings.fields.raftDir,
    metastoreSettings.fields.snapshotsDir,
    metastoreSettings.fields.serverId,
    logging.fields.level,
  ];
  return `${INTRODUCTION}${shown.map(helpOf).join("")}`;
}

/** One setting, as `-help` shows it. */
export function helpOf({ flag, kind, doc, ...field }: Setting<unknown>): string {
  const printed = kind.print(field.default);
  return `  -${flag} ${kind.name}\n    \t${doc}${printed === "" ? "" : ` (default ${printed})`}\n`;
}

/** Whether the arguments ask for help, in any of its spellings. */
export function asksForHelp(argv: readonly string[]): boolean {
  return argv.some((argument) => /^--?(?:help|h)$/u.test(argument));
}
