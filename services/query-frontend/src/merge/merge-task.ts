import { assertNever } from "@hearth/errors";

import { drawDiff, drawFlameGraph, encodeSum, type EncodedTrees } from "./flame-graphs.ts";
import type { MessageFormat } from "./message-format.ts";
import { mergePprof, type PprofOptions } from "./merge-pprof.ts";

/** The end of a query whose partial answers may be large: merge, cut once, encode. `maxNodes` 0 keeps all. */
export type MergeTask =
  | {
      readonly type: "flame-graph";
      readonly trees: EncodedTrees;
      readonly maxNodes: number;
      readonly format: MessageFormat;
    }
  | { readonly type: "tree"; readonly trees: EncodedTrees; readonly maxNodes: number }
  | {
      readonly type: "diff";
      readonly left: EncodedTrees;
      readonly right: EncodedTrees;
      readonly maxNodes: number;
      readonly format: MessageFormat;
    }
  | {
      readonly type: "pprof";
      readonly columns: readonly Uint8Array[];
      readonly options: PprofOptions;
    };

/**
 * Bytes in, bytes out, so that it can run in another thread: the message that answers the task, its JSON if that is the
 * format, or the tree itself.
 */
export function runMergeTask(task: MergeTask): Uint8Array<ArrayBuffer> {
  switch (task.type) {
    case "flame-graph":
      return drawFlameGraph(task.trees, task.maxNodes, task.format);
    case "tree":
      return encodeSum(task.trees, task.maxNodes);
    case "diff":
      return drawDiff(task.left, task.right, task.maxNodes, task.format);
    case "pprof":
      return mergePprof(task.columns, task.options);
    default:
      return assertNever(task);
  }
}

/** What the task reads. */
export function taskParts(task: MergeTask): readonly Uint8Array[] {
  switch (task.type) {
    case "flame-graph":
    case "tree":
      return task.trees;
    case "diff":
      return [...task.left, ...task.right];
    case "pprof":
      return task.columns;
    default:
      return assertNever(task);
  }
}
