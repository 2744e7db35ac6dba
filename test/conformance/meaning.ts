import { diffRows, flameRows } from "./flame-rows.ts";
import type { Answer, Step } from "./golden-case.ts";
import { pprofMeaning, type PprofJson } from "./pprof-rows.ts";

/**
 * What must agree between two answers: of a refusal the status and the Connect code, of anything else the content, free
 * of orders and numberings that carry no meaning. Plain JSON, so that equal meanings print equally.
 */
export function meaningOf(step: Step, answer: Answer): unknown {
  const { status, contentType, body } = answer;
  if (status >= 400) return { status, code: (body as ErrorBody | null)?.code };
  const kind = step.as ?? kindByMethod.get(step.rpc?.split("/").at(-1) ?? "") ?? "json";
  if (kind === "status") return { status };
  const meaning = meanings[kind];
  if (meaning === undefined) throw new Error(`no meaning is known of answers as ${kind}`);
  return { status, contentType, body: plain(meaning(body)) };
}

interface ErrorBody {
  readonly code?: string;
}

const kindByMethod = new Map([
  ["ProfileTypes", "types"],
  ["LabelNames", "labels"],
  ["LabelValues", "labels"],
  ["Series", "sets"],
  ["SelectSeries", "series"],
  ["SelectMergeStacktraces", "flame"],
  ["SelectMergeSpanProfile", "flame"],
  ["Diff", "diff"],
  ["SelectMergeProfile", "pprof"],
]);

const meanings: Readonly<Record<string, (body: unknown) => unknown>> = {
  json: (body) => body,
  labels: (body) => sortList(body, "names"),
  types: (body) => sortList(body, "profileTypes"),
  sets: (body) => sortList(body, "labelsSet", sortLabels),
  series: (body) => sortList(body, "series", sortLabels),
  flame: (body) => withFlameGraph(body as FlameGraphBody, flameRows),
  diff: (body) => withFlameGraph(body as FlameGraphBody, diffRows),
  pprof: (body) => pprofMeaning(body as PprofJson),
  render: (body) => renderMeaning(body as RenderBody),
};

interface FlameGraphBody {
  readonly flamegraph?: {
    readonly names?: readonly string[];
    readonly levels?: readonly { readonly values?: readonly (string | number)[] }[];
  };
}

function withFlameGraph(body: FlameGraphBody, rowsOf: typeof flameRows): unknown {
  if (body.flamegraph === undefined) return body;
  const { names = [], levels = [], ...numbers } = body.flamegraph;
  const rows = rowsOf(
    names,
    levels.map(({ values = [] }) => values.map(Number)),
  );
  return { ...body, flamegraph: { ...numbers, rows } };
}

interface RenderBody {
  readonly metadata?: { readonly format?: string };
  readonly flamebearer?: {
    readonly names: readonly string[];
    readonly levels: readonly (readonly number[])[];
    readonly numTicks: number;
    readonly maxSelf: number;
  };
}

function renderMeaning(body: RenderBody): unknown {
  if (body.flamebearer === undefined) return body;
  const { names, levels, numTicks, maxSelf } = body.flamebearer;
  const rowsOf = body.metadata?.format === "double" ? diffRows : flameRows;
  return { ...body, flamebearer: { numTicks, maxSelf, rows: rowsOf(names, levels) } };
}

/** The body with one of its lists sorted; an absent list is an empty one. */
function sortList(
  body: unknown,
  field: string,
  mapItem: (item: unknown) => unknown = (item) => item,
): unknown {
  const list = (body as Record<string, unknown[] | undefined> | null)?.[field] ?? [];
  return { ...(body as object | null), [field]: list.map(mapItem).sort(byText) };
}

function sortLabels(item: unknown): unknown {
  return sortList(item, "labels");
}

function byText(a: unknown, b: unknown): number {
  const [left, right] = [JSON.stringify(plain(a)), JSON.stringify(plain(b))];
  return left < right ? -1 : Number(left > right);
}

/** A copy with sorted keys and without undefined ones. */
function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).filter(([, item]) => item !== undefined);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(sorted.map(([key, item]) => [key, plain(item)]));
}
