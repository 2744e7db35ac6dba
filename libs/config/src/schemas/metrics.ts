import { defineSettings, setting } from "../setting.ts";

export const metricsSettings = defineSettings("Metrics", {
  maxTenants: setting.int({
    flag: "metrics.max-tenants",
    default: 500,
    min: 0,
    doc: "Tenants that have series of their own at /metrics, in the order in which they come; all others are counted together as `other`. Each takes about 16 KB of a scrape.",
  }),
});
