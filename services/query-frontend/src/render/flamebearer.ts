import type { FlameGraph, FlameGraphDiff } from "@hearth/proto/querier/v1";

import type { ProfileType } from "../request/selectors.ts";
import type { Timeline } from "./timeline.ts";

/** The JSON of the older HTTP calls, with plain numbers. */
export interface Flamebearer {
  readonly version: 1;
  readonly flamebearer: {
    readonly names: readonly string[];
    readonly levels: readonly (readonly number[])[];
    readonly numTicks: number;
    readonly maxSelf: number;
  };
  readonly metadata: {
    readonly format: "single" | "double";
    readonly spyName: "";
    readonly sampleRate: number;
    readonly units: string;
    /** The sample type. */
    readonly name: string;
  };
  readonly timeline: Timeline | null;
  readonly groups: Readonly<Record<string, Timeline>> | null;
  readonly heatmap: null;
  readonly leftTicks?: number;
  readonly rightTicks?: number;
}

export interface Timelines {
  readonly timeline: Timeline;
  /** By the value of the first label of the grouping; null without one. */
  readonly groups: Readonly<Record<string, Timeline>> | null;
}

/** The answer of `/pyroscope/render`. */
export function singleFlamebearer(type: ProfileType, graph: FlameGraph, timelines: Timelines): Flamebearer {
  return { ...common(type, "single", graph), ...timelines, heatmap: null };
}

/** The answer of `/pyroscope/render-diff`, which has no timelines. */
export function doubleFlamebearer(type: ProfileType, graph: FlameGraphDiff): Flamebearer {
  return {
    ...common(type, "double", graph),
    timeline: null,
    groups: null,
    heatmap: null,
    ...(graph.leftTicks === 0n ? {} : { leftTicks: Number(graph.leftTicks) }),
    ...(graph.rightTicks === 0n ? {} : { rightTicks: Number(graph.rightTicks) }),
  };
}

function common(
  type: ProfileType,
  format: "single" | "double",
  { names, levels, total, maxSelf }: Pick<FlameGraph, "names" | "levels" | "total" | "maxSelf">,
): Pick<Flamebearer, "version" | "flamebearer" | "metadata"> {
  return {
    version: 1,
    flamebearer: {
      names,
      levels: levels.map(({ values }) => values.map(Number)),
      numTicks: Number(total),
      maxSelf: Number(maxSelf),
    },
    metadata: { format, spyName: "", name: type.sampleType, ...unitOf(type) },
  };
}

const OBJECTS: ReadonlySet<string> = new Set(["inuse_objects", "alloc_objects", "goroutine", "samples"]);

function unitOf({ sampleType, sampleUnit }: ProfileType): { units: string; sampleRate: number } {
  if (sampleType === "cpu") return { units: "samples", sampleRate: 1_000_000_000 };
  return { units: OBJECTS.has(sampleType) ? "objects" : sampleUnit, sampleRate: 100 };
}
