import { defineSettings, setting } from "../setting.ts";

/** The parts that a process can run; `all` is every one of them. */
export const TARGETS = [
  "all",
  "distributor",
  "segment-writer",
  "metastore",
  "compaction-worker",
  "query-frontend",
  "query-backend",
] as const;
export type Target = (typeof TARGETS)[number];

export const processSettings = defineSettings("Process", {
  target: setting.list({
    flag: "target",
    oneOf: TARGETS,
    default: ["all"],
    common: true,
    doc: "Parts to run in this process, separated by commas.",
  }),
  multitenancyEnabled: setting.bool({
    flag: "auth.multitenancy-enabled",
    yaml: "multitenancy_enabled",
    default: false,
    common: true,
    doc: "Require the header X-Scope-OrgID and keep tenants apart. Otherwise everything belongs to the tenant anonymous.",
  }),
  shutdownDelayMs: setting.durationMs({
    flag: "shutdown-delay",
    default: "0s",
    doc: "How long to keep serving, no longer ready, after the signal to stop.",
  }),
});
