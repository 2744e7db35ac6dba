import { DomainError } from "@hearth/errors";
import { encodeProfileColumns } from "@hearth/profile";
import type { Random } from "@hearth/runtime";
import { checkSymbols } from "@hearth/symbols";
import {
  buildServices,
  convertOtlpExport,
  decodeOtlpExport,
  decodeOtlpExportJson,
  DEFAULT_CONVERT_LIMITS,
  type OtlpExport,
} from "../src/index.ts";

export interface FuzzOptions {
  /** Whole bodies. */
  readonly corpus: readonly Uint8Array[];
  readonly rounds: number;
  readonly random: Random;
}

export interface FuzzResult {
  /** Bodies that were refused as a whole. */
  readonly refused: number;
  /** Profiles that were rejected by themselves. */
  readonly rejected: number;
  /** Profiles that went through. */
  readonly stored: number;
}

/**
 * Decodes and converts mutated exports. Whatever the bytes, it ends, throws nothing but what a client may be told, and
 * what comes out is sound: rows and symbols whose indexes exist.
 *
 * @throws whatever was thrown that is not a `DomainError`.
 */
export function fuzzBinary(options: FuzzOptions): FuzzResult {
  return fuzz(options, (body) => decodeOtlpExport(body));
}

/** The same of exports in JSON. */
export function fuzzJson(options: FuzzOptions): FuzzResult {
  return fuzz(options, (body) => decodeOtlpExportJson(body));
}

function fuzz({ corpus, rounds, random }: FuzzOptions, decode: (body: Uint8Array) => OtlpExport): FuzzResult {
  const result = { refused: 0, rejected: 0, stored: 0 };
  for (let round = 0; round < rounds; round++) {
    const body = mutate(corpus[below(random, corpus.length)]!, random);
    try {
      const { stored, rejected } = convertAndCheck(decode(body));
      result.stored += stored;
      result.rejected += rejected;
    } catch (error) {
      if (!(error instanceof DomainError) || error.name === "DataLossError") throw error;
      result.refused++;
    }
  }
  return result;
}

function convertAndCheck(exported: OtlpExport): { stored: number; rejected: number } {
  const converted = convertOtlpExport(exported, { nowNanos: 0n, limits: DEFAULT_CONVERT_LIMITS });
  checkSymbols(converted.symbols);
  const services = buildServices(converted, { tenant: "anonymous", rules: { renameWallCpu: true } });
  for (const { profile } of services) {
    encodeProfileColumns(profile);
    const stacktraceCount = profile.symbols.stacktraces.parent.length;
    if (profile.samples.stacktrace.some((index) => index >= stacktraceCount))
      throw new Error("a sample refers to a stack trace that does not exist");
  }
  return { stored: converted.profiles.length, rejected: converted.rejections.length };
}

/** Changes, removes, doubles or inserts some bytes. */
function mutate(body: Uint8Array, random: Random): Uint8Array {
  let bytes = body;
  for (let edits = 1 + below(random, 3); edits > 0; edits--) bytes = edit(bytes, random);
  return bytes;
}

function edit(bytes: Uint8Array, random: Random): Uint8Array {
  const at = below(random, bytes.length + 1);
  const length = below(random, 16);
  const before = bytes.subarray(0, at);
  switch (below(random, 6)) {
    case 0:
      return before;
    case 1:
      return Buffer.concat([before, bytes.subarray(at + length)]);
    case 2:
      return Buffer.concat([before, bytes.subarray(at, at + length), bytes.subarray(at)]);
    case 3:
      return Buffer.concat([before, anyBytes(length, random), bytes.subarray(at)]);
    default:
      // Most often: a length that changes makes everything behind it unreadable.
      return Buffer.concat([before, anyBytes(1, random), bytes.subarray(at + 1)]);
  }
}

function anyBytes(length: number, random: Random): Uint8Array {
  return Uint8Array.from({ length }, () => below(random, 256));
}

function below(random: Random, bound: number): number {
  return Math.floor(random.next() * bound);
}
