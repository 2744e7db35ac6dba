import type { OtlpAttribute, OtlpAttributeValue } from "../otlp-export.ts";
import { fieldOf, indexOf, integerOf, type JsonObject, listOf, objectOf, textOf } from "./json-values.ts";

/** Reads `KeyValue` or `KeyValueAndUnit`; the unit is not kept. */
export function readJsonAttribute(attribute: JsonObject): OtlpAttribute {
  return {
    key: textOf(fieldOf(attribute, "key"), "key"),
    keyIndex: indexOf(fieldOf(attribute, "keyStrindex", "key_strindex"), "keyStrindex"),
    value: readAnyValue(objectOf(fieldOf(attribute, "value"), "value")),
  };
}

/** A text, an integer, or a list of exactly one of these; `undefined` for everything else. */
function readAnyValue(value: JsonObject): OtlpAttributeValue {
  const list = fieldOf(value, "arrayValue", "array_value");
  if (list === undefined) return readScalar(value);
  const elements = listOf(fieldOf(objectOf(list, "arrayValue"), "values"), "arrayValue.values");
  return elements.length === 1 ? readScalar(objectOf(elements[0], "arrayValue.values")) : undefined;
}

function readScalar(value: JsonObject): OtlpAttributeValue {
  const text = fieldOf(value, "stringValue", "string_value");
  if (text !== undefined) return textOf(text, "stringValue");
  const integer = fieldOf(value, "intValue", "int_value");
  if (integer !== undefined) return String(integerOf(integer, "intValue"));
  const index = fieldOf(value, "stringValueStrindex", "string_value_strindex");
  return index === undefined ? undefined : indexOf(index, "stringValueStrindex");
}
