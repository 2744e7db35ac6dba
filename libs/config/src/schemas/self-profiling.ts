import { defineSettings, setting } from "../setting.ts";

export const selfProfilingSettings = defineSettings("Self-profiling", {
  disablePush: setting.bool({
    flag: "self-profiling.disable-push",
    default: false,
    common: true,
    doc: "Do not profile this process and push the profiles to itself.",
  }),
});
