import { posix } from "node:path";

import type { Profile } from "@hearth/proto/google/v1";

import { type CallEdge, type CallNode, type Frame, frameParts, frameText } from "./call-graph.ts";
import { byWeight, type DrawnGraph, selectGraph } from "./select-nodes.ts";
import { shortFunctionName } from "./short-name.ts";
import { percentText, valueText } from "./value-text.ts";

/**
 * Draws a profile as a graph in the language of Graphviz, as `pprof -dot` does: boxes larger by their own value and
 * redder by what passes them, arrows dotted where they go over nodes that were left out.
 *
 * @returns nothing for a profile without samples.
 */
export function profileToDot(profile: Profile, maxNodes: number): string {
  if (profile.sample.length === 0) return "";
  const text = (index: bigint | undefined): string => profile.stringTable[Number(index ?? 0n)] ?? "";
  const [type] = profile.sampleType;
  const [mapping] = profile.mapping;
  const drawing = new Drawing(selectGraph(profile, maxNodes), {
    binary: posix.basename(text(mapping?.filename)),
    buildId: text(mapping?.buildId),
    sampleType: text(type?.type),
    unit: text(type?.unit),
    timeMs: Number(profile.timeNanos / 1_000_000n),
    maxNodes,
  });
  return drawing.draw();
}

interface Facts {
  readonly binary: string;
  readonly buildId: string;
  readonly sampleType: string;
  readonly unit: string;
  readonly timeMs: number;
  readonly maxNodes: number;
}

class Drawing {
  readonly #graph: DrawnGraph;
  readonly #facts: Facts;
  readonly #numbers: ReadonlyMap<CallNode, number>;
  readonly #maxFlat: number;

  constructor(graph: DrawnGraph, facts: Facts) {
    this.#graph = graph;
    this.#facts = facts;
    this.#numbers = new Map(graph.nodes.map((node, index) => [node, index + 1]));
    this.#maxFlat = graph.nodes.reduce((max, { flat }) => Math.max(max, flat), 0);
  }

  draw(): string {
    const { nodes } = this.#graph;
    const edges = byWeight(nodes.flatMap(({ callees }) => [...callees.values()]));
    const lines = [
      `digraph "${escaped(this.#facts.binary || "unnamed")}" {`,
      'node [style=filled fillcolor="#f8f8f8"]',
      this.#legend(),
      ...nodes.map((node) => this.#node(node)),
      ...edges.map((edge) => this.#edge(edge)),
      "}",
    ];
    return `${lines.join("\n")}\n`;
  }

  #legend(): string {
    const { binary, buildId, sampleType, timeMs, maxNodes } = this.#facts;
    const { nodes, total, nodeCount } = this.#graph;
    const shown = nodes.reduce((sum, { flat }) => sum + flat, 0);
    const labels = [
      ...(binary === "" ? [] : [`File: ${binary}`]),
      ...(buildId === "" ? [] : [`Build ID: ${buildId}`]),
      ...(sampleType === "" ? [] : [`Type: ${sampleType}`]),
      ...(timeMs === 0 ? [] : [`Time: ${timeText(timeMs)}`]),
      `Showing nodes accounting for ${this.#value(shown)}, ${percentText(shown, total)} of ${this.#value(total)} total`,
      ...(maxNodes < nodeCount ? [`Showing top ${maxNodes} nodes out of ${nodeCount}`] : []),
      "\nSee https://git.io/JfYMW for how to read the graph",
    ].map(escaped);
    const tooltip = binary === "" ? "" : ` tooltip="${escaped(binary)}"`;
    return `subgraph cluster_L { "${labels[0]}" [shape=box fontsize=16 label="${labels.join("\\l")}\\l"${tooltip}] }`;
  }

  #node(node: CallNode): string {
    const { frame, flat, cumulative } = node;
    const { total } = this.#graph;
    const share = this.#maxFlat === 0 ? 0 : Math.sqrt(flat / this.#maxFlat);
    const color = cumulative / total;
    const attributes = [
      `label="${boxName(frame)}\\n${this.#values(node)}"`,
      `id="node${this.#numbers.get(node)}"`,
      `fontsize=${8 + Math.ceil(16 * share)}`,
      "shape=box",
      `tooltip="${escaped(frameText(frame))} (${this.#value(cumulative)})"`,
      `color="${heatColor(color, LINE)}"`,
      `fillcolor="${heatColor(color, FILL)}"`,
    ];
    return `N${this.#numbers.get(node)} [${attributes.join(" ")}]`;
  }

  /** Own value, then, where they differ, that of all that passes. */
  #values({ flat, cumulative }: CallNode): string {
    const { total } = this.#graph;
    const own = flat === 0 ? "0" : `${this.#value(flat)} (${percentText(flat, total)})`;
    if (cumulative === flat) return own;
    return `${own}${flat === 0 ? " " : "\\n"}of ${this.#value(cumulative)} (${percentText(cumulative, total)})`;
  }

  #edge({ caller, callee, weight, isResidual, isInlined }: CallEdge): string {
    const { total } = this.#graph;
    const value = this.#value(weight);
    const [from, to] = [caller, callee].map(({ frame }) => escaped(frameText(frame)));
    const tooltip = `"${from} ${isResidual ? "..." : "->"} ${to} (${value})"`;
    const rank = 1 + Math.min(100, Math.trunc((weight * 100) / total));
    const width = 1 + Math.min(5, Math.trunc((weight * 5) / total));
    const attributes = [
      `label=" ${value}${isInlined ? "\\n (inline)" : ""}"`,
      ...(rank > 1 ? [`weight=${rank}`] : []),
      ...(width > 1 ? [`penwidth=${width}`] : []),
      `color="${heatColor(weight / total, LINE)}"`,
      `tooltip=${tooltip}`,
      `labeltooltip=${tooltip}`,
      ...(isResidual ? ['style="dotted"'] : []),
    ];
    return `N${this.#numbers.get(caller)} -> N${this.#numbers.get(callee)} [${attributes.join(" ")}]`;
  }

  #value(value: number): string {
    return valueText(value, this.#facts.unit);
  }
}

/** A frame over several lines, one for each part of its name. */
function boxName(frame: Frame): string {
  const name = escaped(shortFunctionName(frame.name))
    .replaceAll("::", "\\n")
    // Go writes type parameters so; the dots are no separators.
    .replaceAll("[...]", "[…]")
    .replaceAll(".", "\\n");
  const file = frame.file === "" ? "" : posix.basename(frame.file);
  return frameParts({ ...frame, name, file }).join("\\n");
}

/** Text in double quotes; lines end on the left. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\l");
}

const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/** `Nov 23, 2026 at 3:00am (UTC)`. */
function timeText(timeMs: number): string {
  const time = new Date(timeMs);
  const hour = time.getUTCHours();
  const minute = String(time.getUTCMinutes()).padStart(2, "0");
  const date = `${MONTHS[time.getUTCMonth()]} ${time.getUTCDate()}, ${time.getUTCFullYear()}`;
  return `${date} at ${hour % 12 || 12}:${minute}${hour < 12 ? "am" : "pm"} (UTC)`;
}

interface Palette {
  readonly saturation: number;
  readonly brightness: number;
}

const LINE: Palette = { saturation: 1, brightness: 0.7 };
const FILL: Palette = { saturation: 0.1, brightness: 0.93 };

/** From grey to red, fast at first, by a share between 0 and 1. */
function heatColor(share: number, palette: Palette): string {
  const bounded = Math.min(1, Math.max(0, share));
  const saturation = palette.saturation * Math.min(1, bounded / 0.2);
  const heat = bounded ** 0.3;
  const red = palette.brightness;
  const green = palette.brightness * (1 - saturation * heat);
  const blue = palette.brightness * (1 - saturation);
  return `#${[red, green, blue]
    .map((part) =>
      Math.trunc(part * 255)
        .toString(16)
        .padStart(2, "0"),
    )
    .join("")}`;
}
