import { encodeProfileColumns, type ProfileColumns } from "@hearth/profile";
import { buildProfileColumns } from "@hearth/testing";
import { encodeTree, TreeBuilder } from "@hearth/tree";

import type { Report } from "./fakes.ts";

/** An encoded tree of lines such as `main;handle 5`. */
export function encodedTree(...lines: readonly string[]): Uint8Array {
  const builder = new TreeBuilder();
  for (const line of lines) {
    const [stack = "", value = "0"] = line.split(" ");
    const node = stack.split(";").reduce((parent, name) => builder.child(parent, builder.name(name)), 0);
    builder.addSelf(node, Number(value));
  }
  return encodeTree(builder.build());
}

/** What a backend answers to a tree query. */
export function treeReport(...lines: readonly string[]): Report {
  return { case: "tree", value: { tree: encodedTree(...lines) } };
}

/** Profile columns of lines such as `main;handle+inlined 5`. */
export function profileColumns(...lines: readonly string[]): ProfileColumns {
  const samples = lines.map((line) => {
    const [stack = "", value = "0"] = line.split(" ");
    return [stack, BigInt(value)] as const;
  });
  return buildProfileColumns([{ labels: {}, timeMs: 0, id: 1, samples }]);
}

export function encodedColumns(...lines: readonly string[]): Uint8Array {
  return encodeProfileColumns(profileColumns(...lines));
}
