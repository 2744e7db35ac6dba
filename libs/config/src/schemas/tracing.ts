import { defineSettings, setting } from "../setting.ts";

export const tracingSettings = defineSettings("Tracing", {
  enabled: setting.bool({
    flag: "tracing.enabled",
    default: true,
    common: true,
    doc: "Send OpenTelemetry spans, if the usual OTEL_… variables say where, such as OTEL_EXPORTER_OTLP_ENDPOINT.",
  }),
});
