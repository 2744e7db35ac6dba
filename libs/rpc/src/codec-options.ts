import type {
  BinaryReadOptions,
  BinaryWriteOptions,
  JsonReadOptions,
  JsonWriteOptions,
} from "@bufbuild/protobuf";
import { configureTextEncoding, getTextEncoding } from "@bufbuild/protobuf/wire";

/**
 * JSON as clients rely on it: `json_name` out, either name in, 64-bit integers as strings, zero values left out, and
 * unknown fields ignored, since newer clients send some.
 */
export const jsonOptions: Partial<JsonReadOptions & JsonWriteOptions> = {
  ignoreUnknownFields: true,
  alwaysEmitImplicit: false,
  useProtoFieldName: false,
};

/** Unknown fields are dropped: kept, they would only cost memory. */
export const binaryOptions: Partial<BinaryReadOptions & BinaryWriteOptions> = {
  readUnknownFields: false,
};

/**
 * Accepts strings that are not UTF-8, as clients may send in labels and symbols and as the reference does; each bad
 * sequence becomes U+FFFD. The setting is the process's, not a call's. Repeating it is harmless.
 */
export function acceptAnyUtf8(): void {
  const encoding = getTextEncoding();
  const { decodeUtf8 } = encoding;
  configureTextEncoding({ ...encoding, decodeUtf8: (bytes) => decodeUtf8(bytes, false) });
}
