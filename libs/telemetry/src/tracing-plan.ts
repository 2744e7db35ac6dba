/** What the usual `OTEL_…` variables say about traces. How to reach the collector is for the exporter to read. */
export interface TracingPlan {
  readonly sampler: SamplerPlan;
  /** What the variables say and cannot be done; for the log. */
  readonly warnings: readonly string[];
}

export interface SamplerPlan {
  /** Share of new traces that are kept. */
  readonly ratio: number;
  /** Whether a trace that began elsewhere is kept if it is kept there. */
  readonly followsParent: boolean;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_SAMPLER = "parentbased_always_on";

/**
 * Reads the variables of the OpenTelemetry specification.
 *
 * @returns nothing when no variable says where spans should go: then none are made.
 */
export function planTracing(env: Environment): TracingPlan | undefined {
  const warnings: string[] = [];
  if (env["OTEL_SDK_DISABLED"]?.toLowerCase() === "true" || !namesDestination(env)) return undefined;
  const protocol = env["OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"] ?? env["OTEL_EXPORTER_OTLP_PROTOCOL"];
  if (protocol !== undefined && protocol !== "" && protocol !== "http/protobuf") {
    warnings.push(`spans are sent as http/protobuf, not as OTEL_EXPORTER_OTLP_PROTOCOL says: ${protocol}`);
  }
  return { sampler: planSampler(env, warnings), warnings };
}

/** An exporter other than OTLP is none: there is no other here. */
function namesDestination(env: Environment): boolean {
  const exporter = env["OTEL_TRACES_EXPORTER"] ?? "";
  if (exporter !== "") return exporter.split(",").some((name) => name.trim() === "otlp");
  const endpoints = [env["OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"], env["OTEL_EXPORTER_OTLP_ENDPOINT"]];
  return endpoints.some((endpoint) => endpoint !== undefined && endpoint !== "");
}

function planSampler(env: Environment, warnings: string[]): SamplerPlan {
  const name = env["OTEL_TRACES_SAMPLER"] || DEFAULT_SAMPLER;
  const followsParent = name.startsWith("parentbased_");
  switch (name.replace(/^parentbased_/u, "")) {
    case "always_on":
      return { ratio: 1, followsParent };
    case "always_off":
      return { ratio: 0, followsParent };
    case "traceidratio":
      return { ratio: ratioOf(env["OTEL_TRACES_SAMPLER_ARG"], warnings), followsParent };
    default:
      warnings.push(`no such sampler, ${DEFAULT_SAMPLER} is used: OTEL_TRACES_SAMPLER=${name}`);
      return { ratio: 1, followsParent: true };
  }
}

function ratioOf(text: string | undefined, warnings: string[]): number {
  if (text === undefined || text === "") return 1;
  const ratio = Number(text);
  if (ratio >= 0 && ratio <= 1) return ratio;
  warnings.push(`not between 0 and 1, 1 is used: OTEL_TRACES_SAMPLER_ARG=${text}`);
  return 1;
}
