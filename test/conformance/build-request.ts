import {
  goldenProfile,
  type Ingest,
  type PushedProfile,
  type PushedSeries,
  type Step,
} from "./golden-case.ts";
import { retimePprof } from "./retime-pprof.ts";

export interface HttpRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array | FormData;
}

const JSON_TYPE = { "content-type": "application/json" } as const;

/** The request that a step means. */
export function buildRequest(step: Step, defaultTenant: string): HttpRequest {
  const request = withoutTenant(step);
  const tenant = step.tenant === undefined ? defaultTenant : step.tenant;
  const headers = {
    ...(tenant === null ? {} : { "x-scope-orgid": tenant }),
    ...request.headers,
    ...step.headers,
  };
  const present = Object.entries(headers).filter((entry): entry is [string, string] => entry[1] !== null);
  return { ...request, headers: Object.fromEntries(present) };
}

function withoutTenant(step: Step): HttpRequest {
  if (step.push) return pushRequest(step.push.series);
  if (step.ingest) return ingestRequest(step.ingest);
  if (step.otlp) return jsonRequest("/v1development/profiles", step.otlp.json);
  if (step.rpc !== undefined) return jsonRequest(`/${step.rpc}`, step.body ?? {});
  return plainRequest(step);
}

function jsonRequest(path: string, body: unknown): HttpRequest {
  return { method: "POST", path, headers: JSON_TYPE, body: JSON.stringify(body) };
}

function pushRequest(series: readonly PushedSeries[]): HttpRequest {
  return jsonRequest("/push.v1.PusherService/Push", {
    series: series.map(({ labels, samples }) => ({
      labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
      samples: samples.map((profile) => ({ rawProfile: base64Profile(profile) })),
    })),
  });
}

function base64Profile(pushed: PushedProfile): string {
  if ("text" in pushed) return pushed.text;
  const bytes = goldenProfile(pushed.profile);
  const timed = pushed.timeNanos === undefined ? bytes : retimePprof(bytes, BigInt(pushed.timeNanos));
  return Buffer.from(timed).toString("base64");
}

function ingestRequest(ingest: Ingest): HttpRequest {
  const path = `/ingest?${new URLSearchParams(ingest.query).toString()}`;
  if (ingest.multipart === undefined) {
    return {
      method: "POST",
      path,
      headers: { "content-type": "application/octet-stream" },
      body: bytesOf(ingest),
    };
  }
  const form = new FormData();
  for (const part of ingest.multipart)
    form.append(part.name, new Blob([bytesOf(part)]), part.filename ?? part.name);
  return { method: "POST", path, headers: {}, body: form };
}

function plainRequest({ http = "", body, bodyText, profile }: Step): HttpRequest {
  const [method = "", ...path] = http.split(" ");
  const request = { method, path: path.join(" ") };
  if (body !== undefined) return { ...request, headers: JSON_TYPE, body: JSON.stringify(body) };
  if (bodyText === undefined && profile === undefined) return { ...request, headers: {} };
  return { ...request, headers: {}, body: bodyText ?? bytesOf({ profile }) };
}

function bytesOf(source: {
  readonly text?: string | undefined;
  readonly profile?: string | undefined;
}): Buffer<ArrayBuffer> {
  return source.text === undefined ? goldenProfile(source.profile ?? "") : Buffer.from(source.text);
}
