import type { Label } from "@hearth/labels";
import { parseApplicationName } from "./application-name.ts";
import { parseTimeParameter } from "./time-parameter.ts";

/** The query of `/ingest`. */
export interface IngestParameters {
  readonly labels: readonly Label[];
  readonly fromNanos: bigint;
  readonly untilNanos: bigint;
  readonly format: string;
  readonly spyName: string;
}

/**
 * @param query - parsed; of a repeated parameter the first counts.
 * @throws {InvalidArgumentError} naming the parameter.
 */
export function parseIngestParameters(query: URLSearchParams, nowNanos: bigint): IngestParameters {
  const { service, tags } = parseApplicationName(query.get("name") ?? "");
  const spyName = query.get("spyName") || "unknown";
  return {
    labels: seriesLabels(service, tags, spyName),
    fromNanos: parseTimeParameter("from", query.get("from") ?? "", nowNanos),
    untilNanos: parseTimeParameter("until", query.get("until") ?? "", nowNanos),
    format: query.get("format") ?? "",
    spyName,
  };
}

/** Tags with two leading underscores are not the client's to set, but for the session. */
function seriesLabels(service: string, tags: readonly Label[], spyName: string): Label[] {
  const own = tags.filter(({ name }) => !name.startsWith("__") || name === "__session_id__");
  const labels = new Map(own.map(({ name, value }) => [name, value]));
  if (!labels.get("service_name")) labels.set("service_name", service);
  labels.set("__delta__", "false");
  labels.set("pyroscope_spy", spyName);
  return Array.from(labels, ([name, value]) => ({ name, value })).filter(({ value }) => value !== "");
}
