export { JsonWriter } from "./json-writer.ts";
export { SATURATED, WireReader, type WireReaderOptions } from "./wire-reader.ts";
export { bytesTag, fixedTag, numberTag } from "./wire-type.ts";
export { WireWriter } from "./wire-writer.ts";
