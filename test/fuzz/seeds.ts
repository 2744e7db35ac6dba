import {
  create,
  fromJson,
  toBinary,
  toJson,
  type DescMethod,
  type DescService,
  type JsonValue,
} from "@bufbuild/protobuf";
import { AdHocProfileService } from "@hearth/proto/adhocprofiles/v1";
import { FeatureFlagsService } from "@hearth/proto/capabilities/v1";
import { DebuginfoService } from "@hearth/proto/debuginfo/v1alpha1";
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

const PAGES = [
  "/",
  "/ready",
  "/metrics",
  "/api/v1/status/buildinfo",
  "/api/v1/status/config",
  "/api/v1/status/config/diff",
  "/api/v1/tenant_limits",
  "/pyroscope/label-values?label=service_name",
  "/pyroscope/render?query=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7Bservice_name%3D%22app%22%7D&from=now-1h&until=now&max-nodes=100&format=json",
  "/pyroscope/render-diff?leftQuery=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7B%7D&leftFrom=now-2h&leftUntil=now-1h&rightQuery=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7B%7D&rightFrom=now-1h&rightUntil=now",
];

/** Seeds by endpoint: every method of every service in each encoding, and every page, most from recorded conversations. */
export async function loadSeeds(): Promise<ReadonlyMap<string, readonly Seed[]>> {
  const steps = loadGoldenCases().flatMap(({ steps }) => steps);
  const recorded = await Promise.all(steps.map(seedOfStep));
  const calls = recorded.flatMap(encodings);
  const empty = SERVICES.flatMap((service) => service.methods.filter(isUnary).map(emptyCall));
  const pages = PAGES.map((page) => seedOf("GET", page, {}, new Uint8Array()));
  const all = [...calls, ...empty.flatMap(encodings), ...pages];
  return Map.groupBy(
    all.filter(({ body }) => body.length <= MAX_BODY_BYTES),
    endpointOf,
  );
}

/** What a seed exercises: encodings of one method are endpoints of their own. */
export function endpointOf({ path, headers }: Seed): string {
  const type = headers["content-type"]?.split(";")[0];
  return type === undefined ? path : `${path} (${type})`;
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
  const json = toJson(method.input, create(method.input), { alwaysEmitImplicit: true });
  const path = `/${method.parent.typeName}/${method.name}`;
  return seedOf("POST", path, { "content-type": "application/json" }, Buffer.from(JSON.stringify(json)));
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
  const service = SERVICES.find(({ typeName }) => typeName === serviceName);
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
