import { gzipSync } from "node:zlib";

import { seededRandom, type Random } from "@hearth/runtime";

import { mutate as mutateBytes } from "../../libs/pprof/test/fuzz.ts";
import { mutateJson, pick } from "./mutate-json.ts";
import type { Seed } from "./seeds.ts";

const METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"];
const ODD_HEADERS: readonly (readonly [string, readonly string[]])[] = [
  [
    "content-type",
    [
      "application/json",
      "application/proto",
      "application/grpc-web+proto",
      "application/grpc-web-text",
      "application/connect+json",
      "application/grpc",
      "application/x-protobuf",
      "application/octet-stream",
      "multipart/form-data; boundary=x",
      "multipart/form-data",
      "text/plain",
      "binary/octet-stream+tree",
      "binary/octet-stream+trie",
    ],
  ],
  ["content-encoding", ["gzip", "identity", "br", "deflate", "zstd", "gzip, gzip", "x"]],
  ["x-scope-orgid", ["", "a|b", "a b", "..", "x".repeat(200), "fuzz"]],
  ["connect-protocol-version", ["1", "2", ""]],
  ["connect-timeout-ms", ["0", "1", "-1", "abc", "99999999999999999999"]],
  ["grpc-timeout", ["0n", "1S", "x", "99999999H"]],
  ["accept", ["*/*;client-capabilities", "application/json;allow-utf8-labelnames=true", ";;,", "text/html"]],
  ["accept-encoding", ["gzip", "br", "identity;q=0, *;q=0"]],
];
const BODILESS = new Set(["GET", "HEAD"]);

/** The request number `index` of a run: always the same for the same seeds, seed and index. */
export function mutant(
  seeds: ReadonlyMap<string, readonly Seed[]>,
  run: { seed: number; index: number },
): Seed {
  const random = seededRandom(Math.imul(run.seed, 0x9e3779b1) ^ Math.imul(run.index + 1, 0x85ebca6b));
  const endpoint = pick([...seeds.keys()], random);
  let request = pick(seeds.get(endpoint)!, random);
  for (let changes = 1 + Math.floor(random.next() * 2); changes > 0; changes--)
    request = change(request, random);
  return BODILESS.has(request.method) ? { ...request, body: new Uint8Array() } : request;
}

function change(request: Seed, random: Random): Seed {
  const kind = random.next();
  if (kind < 0.7) return { ...request, body: mutateBody(request, random) };
  if (kind < 0.85) return { ...request, query: mutateText(request.query, random) };
  if (kind < 0.9) return compress(request, random);
  if (kind < 0.92) return { ...request, method: pick(METHODS, random) };
  if (kind < 0.94) return { ...request, path: `/${mutateText(request.path.slice(1), random)}` };
  const [name, values] = pick(ODD_HEADERS, random);
  return { ...request, headers: { ...request.headers, [name]: pick(values, random) } };
}

function mutateBody({ body }: Seed, random: Random): Uint8Array {
  const json = parsed(body);
  const kind = random.next();
  if (json === undefined || kind < 0.2) return mutateBytes(body, random);
  const profile = kind < 0.7 ? mutateProfile(json, random) : undefined;
  return Buffer.from(JSON.stringify(profile ?? mutateJson(json, random)));
}

interface PushJson {
  readonly series?: readonly { samples?: readonly { rawProfile?: unknown }[] }[];
}

/** A push with one of its profiles mutated, since changes of base64 rarely leave it readable. */
function mutateProfile(json: unknown, random: Random): unknown {
  const series = (json as PushJson | null)?.series;
  if (!Array.isArray(series) || series.length === 0) return undefined;
  const copy = JSON.parse(JSON.stringify(json)) as { series: { samples?: { rawProfile?: unknown }[] }[] };
  const sample = pick(pick(copy.series, random)?.samples ?? [], random);
  if (typeof sample?.rawProfile !== "string") return undefined;
  const bytes = mutateBytes(Buffer.from(sample.rawProfile, "base64"), random);
  sample.rawProfile = Buffer.from(bytes).toString("base64");
  return copy;
}

function compress(request: Seed, random: Random): Seed {
  const compressed = gzipSync(request.body);
  const body = random.next() < 0.5 ? compressed : mutateBytes(compressed, random);
  return { ...request, body, headers: { ...request.headers, "content-encoding": "gzip" } };
}

/** Printable, as a URL wants it. */
function mutateText(text: string, random: Random): string {
  const bytes = mutateBytes(Buffer.from(text), random);
  return encodeURI(Buffer.from(bytes).toString("latin1")).replaceAll("#", "%23");
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString()) as unknown;
  } catch {
    return undefined;
  }
}
