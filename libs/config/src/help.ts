import type { Catalog } from "./catalog.ts";

/** The text of `-help` (the common flags) or `-help-all`, sorted by flag. */
export function helpText(catalog: Catalog, which: "common" | "all"): string {
  const flags = catalog.entries
    .map(({ setting }) => setting)
    .filter((setting) => setting.flag !== undefined && (which === "all" || setting.isCommon))
    .map((setting) => {
      const type = setting.kind.name === "bool" ? "" : ` ${setting.kind.name}`;
      const printed = setting.kind.print(setting.default);
      const byDefault = printed === "" || printed === "false" ? "" : ` (default ${printed})`;
      return {
        name: setting.flag ?? "",
        text: `  -${setting.flag}${type}\n    \t${setting.doc}${byDefault}`,
      };
    });
  const actions = [
    { name: "help", text: "  -help\n    \tPrint the common flags and exit." },
    { name: "help-all", text: "  -help-all\n    \tPrint all flags and exit." },
    { name: "modules", text: "  -modules\n    \tPrint the names that -target takes and exit." },
    { name: "version", text: "  -version\n    \tPrint the version and exit." },
  ];
  const sorted = [...flags, ...actions].sort((a, b) => (a.name < b.name ? -1 : 1));
  const more =
    which === "common"
      ? "\n\nAll flags: -help-all. Each can also be given as HEARTH_… or in -config.file."
      : "";
  return `Usage of hearth:\n${sorted.map(({ text }) => text).join("\n")}${more}\n`;
}
