import { exactToBigInt } from "@hearth/exact-integers";
import { decodeProfileColumns } from "@hearth/profile";
import { stringAt } from "@hearth/symbols";
import { sketchRows } from "@hearth/testing";
import { decodeTree } from "@hearth/tree";
import type { LeafReport } from "../../src/leaf/leaf-request.ts";

/** Self values of a tree report by path. */
export function selfByPath(report: LeafReport): Map<string, bigint> {
  const tree = decodeTree((report as Extract<LeafReport, { type: "tree" }>).tree);
  const paths: string[] = [""];
  const sums = new Map<string, bigint>();
  for (let node = 1; node < tree.parent.length; node++) {
    const above = paths[tree.parent[node]!]!;
    paths.push((above === "" ? "" : `${above};`) + stringAt(tree.names, tree.name[node]!));
    if (exactToBigInt(tree.self, node) !== 0n) sums.set(paths[node]!, exactToBigInt(tree.self, node));
  }
  return sums;
}

/** Sums of a pprof report by stack, and their total; nothing when no series matched. */
export function sumsByStack(report: LeafReport): { total: bigint; stacks: Map<string, bigint> } | undefined {
  const { columns } = report as Extract<LeafReport, { type: "pprof" }>;
  if (columns.length === 0) return undefined;
  const decoded = decodeProfileColumns(columns);
  const stacks = new Map<string, bigint>();
  for (const [stack, value] of sketchRows(decoded)[0]!.samples)
    stacks.set(stack, (stacks.get(stack) ?? 0n) + value);
  return { total: exactToBigInt(decoded.rows.total, 0), stacks };
}

/** What a report says, whatever order its nodes and symbols came in. */
export function contentOf(report: LeafReport): unknown {
  switch (report.type) {
    case "tree":
      return selfByPath(report);
    case "pprof":
      return sumsByStack(report);
    default:
      return report;
  }
}
