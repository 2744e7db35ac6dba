import { defineSettings, setting, type SettingsOf } from "@hearth/config";

export type RuntimeConfigSettings = SettingsOf<typeof runtimeConfigSettings>;

export const runtimeConfigSettings = defineSettings(
  "Overrides at run time",
  {
    files: setting.list({
      flag: "runtime-config.file",
      default: [],
      common: true,
      doc: "YAML files with overrides of limits per tenant, merged from left to right and read again while the process runs.",
    }),
    reloadPeriodMs: setting.durationMs({
      flag: "runtime-config.reload-period",
      yaml: "runtime_config.period",
      default: "10s",
      min: "1ms",
      doc: "How often these files are read again.",
    }),
  },
  ({ files }) =>
    files
      .filter((file) => /^https?:/u.test(file))
      .map((file) => `-runtime-config.file must name files, not ${file}: reading from URLs is not there yet`),
);
