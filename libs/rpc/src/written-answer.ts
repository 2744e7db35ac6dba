import { create, type DescMessage, type MessageShape } from "@bufbuild/protobuf";
import { BinaryReader } from "@bufbuild/protobuf/wire";
import { type ContextKey, createContextKey } from "@connectrpc/connect";

/**
 * The form in which a call will be answered, for implementations that can write their answer themselves, which for a
 * large one costs a fraction of making a message of it. Any may hand over a message all the same.
 */
export type AnswerForm =
  /** A message, which others will read or encode. */
  | { readonly type: "message" }
  /** Binary: the message may be an {@link encodedMessage}. */
  | { readonly type: "binary" }
  /** JSON in UTF-8. After `write` the message of the implementation is not looked at. */
  | { readonly type: "json"; readonly write: (json: Uint8Array) => void };

/** Set by the server for calls whose answer it can take in another form than a message. */
export const answerFormKey: ContextKey<AnswerForm> = createContextKey<AnswerForm>(
  { type: "message" },
  { description: "answer form" },
);

/**
 * A message that is encoded already. All that can be done with it is to encode it in binary, by itself or within another
 * message: to whoever reads its fields it looks empty.
 *
 * @param bytes - the encoded message; not copied.
 */
export function encodedMessage<D extends DescMessage>(schema: D, bytes: Uint8Array): MessageShape<D> {
  const message = create(schema);
  if (bytes.length === 0) return message;
  const reader = new BinaryReader(bytes);
  const [no, wireType] = reader.tag();
  // Fields that are not known are written as they came: behind the first tag, everything is the "content" of one.
  message.$unknown = [{ no, wireType, data: bytes.subarray(reader.pos) }];
  return message;
}
