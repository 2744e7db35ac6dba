import { DataLossError } from "@hearth/errors";
import { ExactSums } from "@hearth/exact-integers";
import type { StringColumn } from "@hearth/symbols";

import { emptyTree, FOLDED, nameCount, type Tree } from "./tree.ts";
import { VarintReader, VarintWriter } from "./varint.ts";

/**
 * Trees as bytes between query backend and query frontend, in varints:
 *
 *     version
 *     number of names without the empty one, the length of each, the bytes of all
 *     number of nodes without the root; of each its distance to its parent, then of each its name, then of each its self
 *
 * A name is its index plus 1, a folded node 0. Only names that a node uses are written.
 */
const VERSION = 1;

const NOT_USED = 0;

/** The bytes that {@link decodeTree} reads. */
export function encodeTree(tree: Tree): Uint8Array<ArrayBuffer> {
  const out = new VarintWriter();
  out.uint(VERSION);
  const written = encodeNames(tree, out);
  const { parent, name, self } = tree;
  out.uint(parent.length - 1);
  for (let node = 1; node < parent.length; node++) out.uint(node - parent[node]!);
  for (let node = 1; node < parent.length; node++)
    out.uint(name[node] === FOLDED ? 0 : written[name[node]!]!);
  for (let node = 1; node < parent.length; node++) out.exact(self.low[node]!, self.high?.[node] ?? 0);
  return out.finish();
}

/** Writes the names in use, in the order of their first use; returns what stands for each name from here on. */
function encodeNames({ names, name }: Tree, out: VarintWriter): Uint32Array {
  const written = new Uint32Array(nameCount(names));
  const inOrder: number[] = [];
  written[0] = 1;
  for (const index of name) {
    if (index === FOLDED || written[index] !== NOT_USED) continue;
    inOrder.push(index);
    written[index] = inOrder.length + 1;
  }
  out.uint(inOrder.length);
  for (const index of inOrder) out.uint(names.offsets[index + 1]! - names.offsets[index]!);
  for (const index of inOrder)
    out.bytes(names.bytes.subarray(names.offsets[index], names.offsets[index + 1]));
  return written;
}

/**
 * Decodes a tree; no bytes are the empty one.
 *
 * @throws {DataLossError} if the bytes are not a tree: what comes from another process is not trusted to index arrays.
 */
export function decodeTree(bytes: Uint8Array): Tree {
  if (bytes.length === 0) return emptyTree();
  const input = new VarintReader(bytes);
  const version = input.uint(256);
  if (version !== VERSION) throw new DataLossError(`unknown version of an encoded tree: version=${version}`);
  const names = decodeNames(input);
  // Three numbers at least for each node follow: a count beyond that is damage, not a reason to allocate.
  const nodeCount = input.uint(Math.floor(input.remaining / 3) + 1) + 1;
  const parent = new Uint32Array(nodeCount);
  for (let node = 1; node < nodeCount; node++) parent[node] = decodeParent(input, node);
  const name = new Uint32Array(nodeCount);
  for (let node = 1; node < nodeCount; node++) name[node] = decodeName(input, nameCount(names));
  const self = new ExactSums(nodeCount);
  for (let node = 1; node < nodeCount; node++) self.add(node, input.exact(), input.high);
  if (input.remaining !== 0) throw new DataLossError("bytes after the end of an encoded tree");
  return { names, parent, name, self };
}

function decodeNames(input: VarintReader): StringColumn {
  const count = input.uint(input.remaining + 1);
  const offsets = new Uint32Array(count + 2);
  let sizeBytes = 0;
  for (let index = 1; index <= count; index++) {
    sizeBytes += input.uint(input.remaining + 1);
    offsets[index + 1] = sizeBytes;
  }
  return { bytes: input.bytes(sizeBytes).slice(), offsets };
}

function decodeParent(input: VarintReader, node: number): number {
  const distance = input.uint(node + 1);
  if (distance === 0) throw new DataLossError(`a node is its own parent: node=${node}`);
  return node - distance;
}

function decodeName(input: VarintReader, count: number): number {
  const written = input.uint(count + 1);
  return written === 0 ? FOLDED : written - 1;
}
