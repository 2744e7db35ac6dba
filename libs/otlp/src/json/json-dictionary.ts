import type { DictionaryBuilder, Wide } from "../dictionary-builder.ts";
import type { EntryCounter } from "./entry-counter.ts";
import { readJsonAttribute } from "./json-attribute.ts";
import {
  fieldOf,
  idOf,
  indexOf,
  int32Of,
  integerOf,
  type JsonObject,
  listOf,
  objectOf,
  textOf,
} from "./json-values.ts";

const TRACE_ID_BYTES = 16;
const SPAN_ID_BYTES = 8;

/** Reads `ProfilesDictionary` into `tables`. */
export function readJsonDictionary(
  dictionary: JsonObject,
  tables: DictionaryBuilder,
  counter: EntryCounter,
): void {
  new JsonDictionaryReader(tables, counter).read(dictionary);
}

class JsonDictionaryReader {
  readonly #tables: DictionaryBuilder;
  readonly #counter: EntryCounter;
  readonly #encoder = new TextEncoder();

  constructor(tables: DictionaryBuilder, counter: EntryCounter) {
    this.#tables = tables;
    this.#counter = counter;
  }

  read(dictionary: JsonObject): void {
    const entries = (...names: readonly [string, ...string[]]): readonly unknown[] =>
      listOf(fieldOf(dictionary, ...names), names[0]);
    for (const text of entries("stringTable", "string_table")) this.#readString(text);
    for (const entry of entries("mappingTable", "mapping_table")) this.#readMapping(this.#entry(entry));
    for (const entry of entries("locationTable", "location_table")) this.#readLocation(this.#entry(entry));
    for (const entry of entries("functionTable", "function_table")) this.#readFunction(this.#entry(entry));
    for (const entry of entries("linkTable", "link_table")) this.#readLink(this.#entry(entry));
    for (const entry of entries("attributeTable", "attribute_table")) {
      this.#tables.attributes.push(readJsonAttribute(this.#entry(entry)));
    }
    for (const entry of entries("stackTable", "stack_table")) this.#readStack(this.#entry(entry));
  }

  #entry(value: unknown): JsonObject {
    this.#counter.countEntry();
    return objectOf(value, "dictionary");
  }

  #readString(text: unknown): void {
    this.#counter.countEntry();
    const bytes = this.#encoder.encode(textOf(text, "stringTable"));
    this.#tables.strings.add(bytes, 0, bytes.length);
  }

  #readMapping(mapping: JsonObject): void {
    this.#readIndexes(mapping, ["attributeIndices", "attribute_indices"], (index) =>
      this.#tables.mappings.addAttribute(index),
    );
    this.#tables.mappings.add({
      start: wideOf(fieldOf(mapping, "memoryStart", "memory_start"), "memoryStart"),
      limit: wideOf(fieldOf(mapping, "memoryLimit", "memory_limit"), "memoryLimit"),
      offset: wideOf(fieldOf(mapping, "fileOffset", "file_offset"), "fileOffset"),
      filename: indexOf(fieldOf(mapping, "filenameStrindex", "filename_strindex"), "filenameStrindex"),
    });
  }

  #readLocation(location: JsonObject): void {
    for (const entry of listOf(fieldOf(location, "lines", "line"), "lines")) {
      const line = this.#entry(entry);
      this.#tables.locations.addLine(
        indexOf(fieldOf(line, "functionIndex", "function_index"), "functionIndex"),
        int32Of(fieldOf(line, "line"), "line"),
      );
    }
    const mapping = indexOf(fieldOf(location, "mappingIndex", "mapping_index"), "mappingIndex");
    const address = wideOf(fieldOf(location, "address"), "address");
    this.#tables.locations.add(mapping, address.low, address.high);
  }

  #readFunction(entry: JsonObject): void {
    this.#tables.functions.add(
      indexOf(fieldOf(entry, "nameStrindex", "name_strindex"), "nameStrindex"),
      indexOf(fieldOf(entry, "systemNameStrindex", "system_name_strindex"), "systemNameStrindex"),
      indexOf(fieldOf(entry, "filenameStrindex", "filename_strindex"), "filenameStrindex"),
      int32Of(fieldOf(entry, "startLine", "start_line"), "startLine"),
    );
  }

  #readLink(link: JsonObject): void {
    this.#tables.links.push({
      traceId: idOf(fieldOf(link, "traceId", "trace_id"), "traceId", TRACE_ID_BYTES),
      spanId: idOf(fieldOf(link, "spanId", "span_id"), "spanId", SPAN_ID_BYTES),
    });
  }

  #readStack(stack: JsonObject): void {
    this.#readIndexes(stack, ["locationIndices", "location_indices"], (index) =>
      this.#tables.stacks.addLocation(index),
    );
    this.#tables.stacks.add();
  }

  #readIndexes(object: JsonObject, names: readonly [string, string], add: (index: number) => void): void {
    for (const index of listOf(fieldOf(object, ...names), names[0])) {
      this.#counter.countListed();
      add(indexOf(index, names[0]));
    }
  }
}

function wideOf(value: unknown, name: string): Wide {
  const number = BigInt.asUintN(64, integerOf(value, name));
  return { low: Number(number & 0xff_ff_ff_ffn), high: Number(number >> 32n) };
}
