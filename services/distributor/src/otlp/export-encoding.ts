import { create, toBinary, toJsonString } from "@bufbuild/protobuf";
import { BinaryWriter } from "@bufbuild/protobuf/wire";
import { InvalidArgumentError } from "@hearth/errors";
import { ExportProfilesServiceResponseSchema } from "@hearth/proto/opentelemetry/proto/collector/profiles/v1development";
import type { ExportCompression, ExportTask } from "../worker/prepare-export.ts";
import type { PartialSuccess } from "./export-answer.ts";

/** How OTLP over HTTP writes requests; answers are written as the request was. */
export type ExportEncoding = ExportTask["encoding"];

/** @returns nothing for a type that is none of OTLP's; parameters of the type do not matter. */
export function encodingOf(contentType: string | undefined): ExportEncoding | undefined {
  const [type = ""] = (contentType ?? "").split(";", 1);
  switch (type.trim().toLowerCase()) {
    case "application/x-protobuf":
    case "application/protobuf":
      return "protobuf";
    case "application/json":
      return "json";
    default:
      return undefined;
  }
}

/** @throws {InvalidArgumentError} for a compression that is not known. */
export function compressionOf(contentEncoding: string | undefined): ExportCompression {
  const name = (contentEncoding ?? "").trim().toLowerCase();
  switch (name) {
    case "":
    case "identity":
      return "identity";
    case "gzip":
    case "zstd":
      return name;
    default:
      throw new InvalidArgumentError(
        `content-encoding is not supported: ${name}; use gzip, zstd or identity`,
      );
  }
}

/** Content type of an answer. */
export function mediaTypeOf(encoding: ExportEncoding): string {
  return encoding === "json" ? "application/json" : "application/x-protobuf";
}

/** `ExportProfilesServiceResponse`. */
export function encodeAnswer(encoding: ExportEncoding, partialSuccess: PartialSuccess | undefined): Buffer {
  const answer = create(
    ExportProfilesServiceResponseSchema,
    partialSuccess && {
      partialSuccess: {
        rejectedProfiles: BigInt(partialSuccess.rejectedProfiles),
        errorMessage: partialSuccess.errorMessage,
      },
    },
  );
  return encoding === "json"
    ? Buffer.from(toJsonString(ExportProfilesServiceResponseSchema, answer))
    : Buffer.from(toBinary(ExportProfilesServiceResponseSchema, answer));
}

/** `google.rpc.Status`: `code` 1, `message` 2. */
export function encodeStatus(encoding: ExportEncoding, status: { code: number; message: string }): Buffer {
  if (encoding === "json") return Buffer.from(JSON.stringify(status));
  const writer = new BinaryWriter();
  return Buffer.from(writer.uint32(8).int32(status.code).uint32(18).string(status.message).finish());
}
