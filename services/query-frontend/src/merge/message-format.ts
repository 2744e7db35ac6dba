/** An encoded message of protobuf, or its JSON in UTF-8. */
export type MessageFormat = "binary" | "json";
