import { defineSettings, setting } from "../setting.ts";

export const loggingSettings = defineSettings("Logging", {
  level: setting.choice({
    flag: "log.level",
    yaml: "server.log_level",
    oneOf: ["debug", "info", "warn", "error"],
    default: "info",
    common: true,
    doc: "Least severity that is logged: debug, info, warn or error.",
  }),
  format: setting.choice({
    flag: "log.format",
    yaml: "server.log_format",
    oneOf: ["logfmt", "json"],
    default: "logfmt",
    common: true,
    doc: "Form of the lines on standard error: logfmt or json.",
  }),
});
