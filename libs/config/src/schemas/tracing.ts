import { defineSettings, setting, type SettingsOf } from "../setting.ts";

export type TracingSettings = SettingsOf<typeof tracingSettings>;

export const tracingSettings = defineSettings("Tracing", {
  enabled: setting.bool({
    flag: "tracing.enabled",
    default: true,
    common: true,
    doc: "Make OpenTelemetry spans. Where they go is said by the usual OTEL_… variables.",
  }),
});
