import { describe, expect, it } from "@jest/globals";
import { planTracing } from "./tracing-plan.ts";

const somewhere = { OTEL_EXPORTER_OTLP_ENDPOINT: "http://collector:4318" };

describe("planTracing", () => {
  it.each([
    { name: "no variable names a destination", env: { OTEL_SERVICE_NAME: "hearth" } },
    { name: "the destination is empty", env: { OTEL_EXPORTER_OTLP_ENDPOINT: "" } },
    { name: "the exporter is none", env: { ...somewhere, OTEL_TRACES_EXPORTER: "none" } },
    { name: "the exporter is not there", env: { ...somewhere, OTEL_TRACES_EXPORTER: "zipkin" } },
    { name: "it is switched off as a whole", env: { ...somewhere, OTEL_SDK_DISABLED: "true" } },
  ])("makes no spans when $name", ({ env }) => {
    expect(planTracing(env)).toBeUndefined();
  });

  it.each([
    { name: "an endpoint of all signals", env: somewhere },
    { name: "an endpoint of traces", env: { OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: "http://collector:4318/x" } },
    { name: "the exporter, which knows where by itself", env: { OTEL_TRACES_EXPORTER: "console, otlp" } },
  ])("keeps every new trace, and others as their parents say, with $name", ({ env }) => {
    expect(planTracing(env)).toEqual({ sampler: { ratio: 1, followsParent: true }, warnings: [] });
  });

  it.each([
    { sampler: "always_on", ratio: 1, followsParent: false },
    { sampler: "always_off", ratio: 0, followsParent: false },
    { sampler: "traceidratio", arg: "0.25", ratio: 0.25, followsParent: false },
    { sampler: "traceidratio", ratio: 1, followsParent: false },
    { sampler: "parentbased_always_on", ratio: 1, followsParent: true },
    { sampler: "parentbased_always_off", ratio: 0, followsParent: true },
    { sampler: "parentbased_traceidratio", arg: "0", ratio: 0, followsParent: true },
    { sampler: "", ratio: 1, followsParent: true },
  ])("samples by $sampler $arg", ({ sampler, arg, ratio, followsParent }) => {
    const env = { ...somewhere, OTEL_TRACES_SAMPLER: sampler, OTEL_TRACES_SAMPLER_ARG: arg };
    expect(planTracing(env)).toEqual({ sampler: { ratio, followsParent }, warnings: [] });
  });

  it.each([
    { env: { OTEL_TRACES_SAMPLER: "jaeger_remote" }, warning: "OTEL_TRACES_SAMPLER=jaeger_remote" },
    {
      env: { OTEL_TRACES_SAMPLER: "parentbased_traceidratio", OTEL_TRACES_SAMPLER_ARG: "50%" },
      warning: "OTEL_TRACES_SAMPLER_ARG=50%",
    },
    { env: { OTEL_EXPORTER_OTLP_PROTOCOL: "grpc" }, warning: "grpc" },
  ])("warns of what it cannot do, and keeps every trace: $warning", ({ env, warning }) => {
    expect(planTracing({ ...somewhere, ...env })).toEqual({
      sampler: { ratio: 1, followsParent: true },
      warnings: [expect.stringContaining(warning)],
    });
  });
});
