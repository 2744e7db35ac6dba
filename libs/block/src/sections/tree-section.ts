import { heap, type Memory } from "@hearth/arena";
import { DataLossError } from "@hearth/errors";
import { checkBelow, checkParents, type StringColumn } from "@hearth/symbols";
import type { CallTree } from "../call-tree.ts";
import { VarintReader, VarintWriter } from "../codec/varint-columns.ts";

/** Names: their number, their lengths, their bytes. */
export function encodeNames(names: StringColumn, memory: Memory = heap): Uint8Array {
  const writer = new VarintWriter(memory);
  writeStrings(writer, names);
  return writer.finish();
}

/**
 * @param memory - where the names lie, but for their bytes.
 * @throws {DataLossError} when the bytes are no such section.
 */
export function decodeNames(bytes: Uint8Array, memory: Memory = heap): StringColumn {
  const reader = new VarintReader(bytes, "names");
  const names = readStrings(reader, memory);
  reader.end();
  return names;
}

/** Writes a list of strings, as three sections begin with one; {@link readStrings} reads it. */
export function writeStrings(writer: VarintWriter, { bytes, offsets }: StringColumn): void {
  writer.uint(offsets.length - 1);
  for (let i = 1; i < offsets.length; i++) writer.uint(offsets[i]! - offsets[i - 1]!);
  writer.bytes(bytes);
}

/** @throws {DataLossError} when it ends early. */
export function readStrings(reader: VarintReader, memory: Memory = heap): StringColumn {
  const count = reader.count();
  const offsets = memory.uint32(count + 1);
  let end = 0;
  for (let i = 1; i <= count; i++) {
    end += reader.uint();
    if (end > 0xffffffff) throw new DataLossError("block: strings beyond 4 GiB");
    offsets[i] = end;
  }
  return { bytes: reader.bytes(end), offsets };
}

/** Nodes as (distance to parent, name), then for each stack trace the step from the node of the one before it. */
export function encodeTree(
  { parent, name, nodeOf }: Omit<CallTree, "names">,
  memory: Memory = heap,
): Uint8Array {
  const writer = new VarintWriter(memory);
  writer.uint(parent.length);
  for (let i = 1; i < parent.length; i++) writer.uint(i - parent[i]!);
  for (let i = 1; i < parent.length; i++) writer.uint(name[i]!);
  writer.uint(nodeOf.length);
  for (let i = 1; i < nodeOf.length; i++) writer.int(nodeOf[i]! - nodeOf[i - 1]!);
  return writer.finish();
}

/**
 * @param names - of the same dataset.
 * @throws {DataLossError} when the bytes are no such section, or an index in it is out of range.
 */
export function decodeTree(bytes: Uint8Array, names: StringColumn): CallTree {
  const reader = new VarintReader(bytes, "tree");
  const nodeCount = reader.count();
  const parent = new Uint32Array(nodeCount);
  const name = new Uint32Array(nodeCount);
  for (let i = 1; i < nodeCount; i++) parent[i] = i - reader.uint();
  for (let i = 1; i < nodeCount; i++) name[i] = reader.uint();
  const nodeOf = new Uint32Array(reader.count());
  for (let i = 1; i < nodeOf.length; i++) nodeOf[i] = nodeOf[i - 1]! + reader.int();
  reader.end();
  checkParents("tree.parent", parent);
  checkBelow("tree.name", name, names.offsets.length - 1);
  checkBelow("tree.node_of", nodeOf, nodeCount);
  return { names, parent, name, nodeOf };
}
