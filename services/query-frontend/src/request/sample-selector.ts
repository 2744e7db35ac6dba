import type { MessageInitShape } from "@bufbuild/protobuf";
import { InvalidArgumentError } from "@hearth/errors";
import type { SampleSelectorSchema } from "@hearth/proto/hearth/query/v1";
import type { StackTraceSelector } from "@hearth/proto/types/v1";

/** Ids as clients write them. */
export interface RequestedSamples {
  readonly spanSelector?: readonly string[];
  readonly traceIdSelector?: readonly string[];
  readonly profileIdSelector?: readonly string[];
  readonly stackTraceSelector?: StackTraceSelector | undefined;
}

/**
 * Which samples a tree or pprof query is about.
 *
 * @throws {InvalidArgumentError} for an id that none can be.
 */
export function sampleSelector(requested: RequestedSamples): MessageInitShape<typeof SampleSelectorSchema> {
  return {
    spanIds: (requested.spanSelector ?? []).map(spanId),
    traceIds: (requested.traceIdSelector ?? []).map(traceId),
    profileIds: (requested.profileIdSelector ?? []).map(profileId),
    callSite: callSite(requested.stackTraceSelector),
  };
}

/** Root-first function names. */
export function callSite(selector: StackTraceSelector | undefined): string[] {
  return (selector?.callSite ?? []).map(({ name }) => name);
}

function spanId(text: string): Uint8Array<ArrayBuffer> {
  if (text.length !== 16) throw new InvalidArgumentError(`invalid span id length: ${JSON.stringify(text)}`);
  return hexBytes(text, "span id");
}

function traceId(text: string): Uint8Array<ArrayBuffer> {
  if (text.length !== 32) throw new InvalidArgumentError(`invalid trace id length: ${JSON.stringify(text)}`);
  return hexBytes(text, "trace id");
}

/** A UUID, with or without dashes, in braces or as a URN. */
function profileId(text: string): Uint8Array<ArrayBuffer> {
  const bare = text.replace(/^urn:uuid:/iu, "").replace(/^\{(.*)\}$/u, "$1");
  const digits = /^[^-]{8}-[^-]{4}-[^-]{4}-[^-]{4}-[^-]{12}$/u.test(bare) ? bare.replaceAll("-", "") : bare;
  if (digits.length !== 32) throw new InvalidArgumentError(`invalid profile id: ${JSON.stringify(text)}`);
  return hexBytes(digits, "profile id");
}

function hexBytes(text: string, what: string): Uint8Array<ArrayBuffer> {
  if (!/^[0-9a-f]*$/iu.test(text)) throw new InvalidArgumentError(`invalid ${what}: ${JSON.stringify(text)}`);
  return Uint8Array.from({ length: text.length / 2 }, (_, i) =>
    Number.parseInt(text.slice(i * 2, i * 2 + 2), 16),
  );
}
