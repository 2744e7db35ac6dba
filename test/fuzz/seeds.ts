import {
  create,
  fromJson,
  ScalarType,
  toBinary,
  toJson,
  type DescField,
  type DescMessage,
  type DescMethod,
  type DescService,
  type JsonValue,
} from "@bufbuild/protobuf";
import { AdHocProfileService } from "@hearth/proto/adhocprofiles/v1";
import { FeatureFlagsService } from "@hearth/proto/capabilities/v1";
import { DebuginfoService } from "@hearth/proto/debuginfo/v1alpha1";
import { IndexService, MetadataQueryService, TenantService } from "@hearth/proto/hearth/metastore/v1";
import { QueryBackendService } from "@hearth/proto/hearth/query/v1";
import { SegmentWriterService } from "@hearth/proto/hearth/segmentwriter/v1";
import { ProfilesService } from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";
import { PusherService } from "@hearth/proto/push/v1";
import { QuerierService } from "@hearth/proto/querier/v1";
import { RecordingRulesService, SettingsService } from "@hearth/proto/settings/v1";
import { StatusService } from "@hearth/proto/status/v1";
import { VCSService } from "@hearth/proto/vcs/v1";
import { Version } from "@hearth/proto/version/v1";

import { buildRequest } from "../conformance/build-request.ts";
import { loadGoldenCases, type Step } from "../conformance/golden-case.ts";

/** A request that is right, or at least was written by a person, to be mutated. */
export interface Seed {
  readonly method: string;
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Of fields whose text has a form. */
const TEXTS: Readonly<Record<string, string>> = {
  id: "01J2VJQPYDC160REPAD2VN88XN",
  ids: "01J2VJQPYDC160REPAD2VN88XN",
};
const MAX_NESTING = 5;

/** Larger bodies say nothing more and take long. */
const MAX_BODY_BYTES = 60_000;

const SERVICES: readonly DescService[] = [
  AdHocProfileService,
  DebuginfoService,
  FeatureFlagsService,
  ProfilesService,
  PusherService,
  QuerierService,
  RecordingRulesService,
  SettingsService,
  StatusService,
  VCSService,
  Version,
];

/** What parts call of each other. */
const INTERNAL_SERVICES: readonly DescService[] = [
  IndexService,
  MetadataQueryService,
  QueryBackendService,
  SegmentWriterService,
  TenantService,
];

/** The parts that serve them, in one process, with a port for other parts. */
export const INTERNAL_TARGETS = "-target=metastore,segment-writer,query-backend";

/** Pages that take nothing from the request but who asks: together one endpoint. */
const FIXED_PAGES = [
  "/",
  "/ready",
  "/metrics",
  "/api/v1/status/buildinfo",
  "/api/v1/status/config",
  "/api/v1/status/config/diff",
  "/api/v1/tenant_limits",
];
/** Of recorded requests that find nothing. */
const UNKNOWN = /nothing$|\.v9\./iu;
const PAGES = [
  "/pyroscope/label-values?label=service_name",
  "/pyroscope/render?query=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7Bservice_name%3D%22app%22%7D&from=now-1h&until=now&max-nodes=100&format=json",
  "/pyroscope/render-diff?leftQuery=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7B%7D&leftFrom=now-2h&leftUntil=now-1h&rightQuery=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7B%7D&rightFrom=now-1h&rightUntil=now",
];

/** Seeds by endpoint: every method of every service, each in every encoding, and every page, most from recorded conversations. */
export async function loadSeeds(): Promise<ReadonlyMap<string, readonly Seed[]>> {
  const steps = loadGoldenCases().flatMap(({ steps }) => steps);
  const recorded = await Promise.all(steps.map(seedOfStep));
  const calls = recorded.flatMap(encodings);
  const empty = SERVICES.flatMap((service) => service.methods.filter(isUnary).map(emptyCall));
  const pages = [...FIXED_PAGES, ...PAGES].map((page) => seedOf("GET", page, {}, new Uint8Array()));
  const all = [...calls, ...empty.flatMap(encodings), ...pages];
  return Map.groupBy(
    all.filter(({ body }) => body.length <= MAX_BODY_BYTES),
    endpointOf,
  );
}

/** Seeds of the calls between parts, made up: each field of each message has some value. */
export function loadInternalSeeds(): ReadonlyMap<string, readonly Seed[]> {
  const methods = INTERNAL_SERVICES.flatMap(({ methods }) => methods);
  return Map.groupBy(
    methods.flatMap((method) => [emptyCall(method), filledCall(method)]).flatMap(encodings),
    endpointOf,
  );
}

/** What a seed exercises. */
function endpointOf({ path }: Seed): string {
  if (FIXED_PAGES.includes(path)) return "fixed pages";
  return UNKNOWN.test(path) ? "unknown" : path;
}

function seedOf(method: string, url: string, headers: Record<string, string>, body: Uint8Array): Seed {
  const [path = "", query = ""] = url.split("?");
  return { method, path, query, headers, body };
}

async function seedOfStep(step: Step): Promise<Seed> {
  const { method, path, headers, body } = buildRequest(step, "");
  const { "x-scope-orgid": _tenant, ...kept } = headers as Record<string, string>;
  // A response encodes a form in the same way as a request does, with its boundary.
  const encoded = new Response(body as ConstructorParameters<typeof Response>[0]);
  const type = body instanceof FormData ? { "content-type": encoded.headers.get("content-type") ?? "" } : {};
  return seedOf(method, path, { ...kept, ...type }, new Uint8Array(await encoded.arrayBuffer()));
}

function emptyCall(method: DescMethod): Seed {
  return callWith(method, toJson(method.input, create(method.input), { alwaysEmitImplicit: true }));
}

function filledCall(method: DescMethod): Seed {
  return callWith(method, filledJson(method.input, MAX_NESTING));
}

function callWith(method: DescMethod, message: unknown): Seed {
  const path = `/${method.parent.typeName}/${method.name}`;
  return seedOf("POST", path, { "content-type": "application/json" }, Buffer.from(JSON.stringify(message)));
}

/** A message in JSON with a value in every field; of a oneof the first. */
function filledJson(message: DescMessage, nesting: number): Record<string, unknown> {
  const chosen = message.fields.filter(
    (field) => field.oneof === undefined || field.oneof.fields[0] === field,
  );
  const filled = chosen.map((field) => [field.jsonName, filledField(field, nesting)] as const);
  return Object.fromEntries(filled.filter(([, value]) => value !== undefined));
}

function filledField(field: DescField, nesting: number): unknown {
  const value = filledValue(field, nesting);
  return field.fieldKind === "list" && value !== undefined ? [value, value] : value;
}

function filledValue(field: DescField, nesting: number): unknown {
  if (field.message) return nesting === 0 ? undefined : filledJson(field.message, nesting - 1);
  if (field.enum) return field.enum.values.at(-1)?.number;
  switch (field.scalar) {
    case ScalarType.STRING:
      return TEXTS[field.name] ?? "acme";
    case ScalarType.BYTES:
      return Buffer.alloc(16, 7).toString("base64");
    case ScalarType.BOOL:
      return true;
    default:
      return field.name.includes("time") ? 1_772_445_600_000 : 1;
  }
}

/** The seed itself, and the same message in binary and as gRPC-Web, when it is a message. */
function encodings(seed: Seed): Seed[] {
  const binary = binaryOf(seed);
  if (binary === undefined) return [seed];
  const as = (type: string, body: Uint8Array): Seed => ({
    ...seed,
    headers: { ...seed.headers, "content-type": type },
    body,
  });
  return [seed, as("application/proto", binary), as("application/grpc-web+proto", grpcFrame(binary))];
}

function binaryOf({ path, headers, body }: Seed): Uint8Array | undefined {
  const [, serviceName, methodName] = path.split("/");
  const service = [...SERVICES, ...INTERNAL_SERVICES].find(({ typeName }) => typeName === serviceName);
  const method = service?.methods.find(({ name }) => name === methodName);
  if (method === undefined || headers["content-type"] !== "application/json") return undefined;
  try {
    const json = JSON.parse(Buffer.from(body).toString()) as JsonValue;
    return toBinary(method.input, fromJson(method.input, json));
  } catch {
    return undefined; // the recorded request was meant to be refused
  }
}

function grpcFrame(message: Uint8Array): Uint8Array {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  return Buffer.concat([head, message]);
}

function isUnary(method: DescMethod): boolean {
  return method.methodKind === "unary";
}
