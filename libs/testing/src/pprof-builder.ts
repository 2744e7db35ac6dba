import { ProtoWriter } from "./proto-writer.ts";

/** A profile as a person would write it down. */
export interface PprofSketch {
  /** `[type, unit]` of each value. */
  readonly sampleTypes: readonly (readonly [string, string])[];
  readonly samples: readonly SampleSketch[];
  readonly periodType?: readonly [string, string];
  readonly period?: number | bigint;
  readonly timeNanos?: number | bigint;
  readonly durationNanos?: number | bigint;
  readonly defaultSampleType?: string;
  /** One mapping for all locations; absent: none, as interpreted languages send. */
  readonly mapping?: {
    readonly filename: string;
    readonly buildId?: string;
    readonly hasFunctions?: boolean;
  };
  /** Put at the beginning of the string table, after the empty string. */
  readonly strings?: readonly string[];
}

export interface SampleSketch {
  /** Leaf first, as pprof has it. */
  readonly stack: readonly FrameSketch[];
  readonly values: readonly (number | bigint)[];
  readonly labels?: Readonly<Record<string, string>>;
  readonly numberLabels?: Readonly<Record<string, number>>;
}

/** A function's name, or more about a location with one line. Equal frames share a location. */
export type FrameSketch =
  | string
  | { readonly name: string; readonly file?: string; readonly line?: number; readonly address?: number };

/** Writes a profile (`google.v1.Profile`), numbering symbols by first use. */
export function buildPprof(sketch: PprofSketch): Uint8Array {
  return new PprofBuilder(sketch).build();
}

class PprofBuilder {
  readonly #sketch: PprofSketch;
  readonly #strings = new Map<string, number>([["", 0]]);
  readonly #locations = new Map<string, number>();
  readonly #locationFrames: Exclude<FrameSketch, string>[] = [];
  readonly #functions = new Map<string, number>();
  readonly #functionFrames: Exclude<FrameSketch, string>[] = [];
  readonly #out = new ProtoWriter();

  constructor(sketch: PprofSketch) {
    this.#sketch = sketch;
    for (const text of sketch.strings ?? []) this.#string(text);
  }

  build(): Uint8Array {
    const sketch = this.#sketch;
    for (const type of sketch.sampleTypes) this.#writeValueType(1, type);
    for (const sample of sketch.samples) this.#writeSample(sample);
    this.#writeMapping();
    for (const [index, frame] of this.#locationFrames.entries()) this.#writeLocation(index + 1, frame);
    for (const [index, frame] of this.#functionFrames.entries()) this.#writeFunction(index + 1, frame);
    this.#out.nonZero(9, sketch.timeNanos ?? 0).nonZero(10, sketch.durationNanos ?? 0);
    if (sketch.periodType !== undefined) this.#writeValueType(11, sketch.periodType);
    this.#out.nonZero(12, sketch.period ?? 0);
    this.#out.nonZero(14, this.#string(sketch.defaultSampleType ?? ""));
    for (const text of this.#strings.keys()) this.#out.string(6, text);
    return this.#out.finish();
  }

  #writeValueType(field: number, [type, unit]: readonly [string, string]): void {
    this.#out.message(field, (message) =>
      message.nonZero(1, this.#string(type)).nonZero(2, this.#string(unit)),
    );
  }

  #writeSample({ stack, values, labels = {}, numberLabels = {} }: SampleSketch): void {
    this.#out.message(2, (message) => {
      message.packed(
        1,
        stack.map((frame) => this.#location(frame)),
      );
      message.packed(2, values);
      for (const [key, text] of Object.entries(labels)) {
        message.message(3, (label) => label.number(1, this.#string(key)).nonZero(2, this.#string(text)));
      }
      for (const [key, number] of Object.entries(numberLabels)) {
        message.message(3, (label) => label.number(1, this.#string(key)).number(3, number));
      }
    });
  }

  #writeMapping(): void {
    const { mapping } = this.#sketch;
    if (mapping === undefined) return;
    this.#out.message(3, (message) =>
      message
        .number(1, 1)
        .number(2, 0x40_00_00)
        .number(3, 0x80_00_00)
        .nonZero(5, this.#string(mapping.filename))
        .nonZero(6, this.#string(mapping.buildId ?? ""))
        .nonZero(7, mapping.hasFunctions === true ? 1 : 0),
    );
  }

  #writeLocation(id: number, frame: Exclude<FrameSketch, string>): void {
    this.#out.message(4, (message) =>
      message
        .number(1, id)
        .nonZero(2, this.#sketch.mapping === undefined ? 0 : 1)
        .nonZero(3, frame.address ?? 0)
        .message(4, (line) => line.number(1, this.#function(frame)).nonZero(2, frame.line ?? 0)),
    );
  }

  #writeFunction(id: number, { name, file = "" }: Exclude<FrameSketch, string>): void {
    const nameIndex = this.#string(name);
    this.#out.message(5, (message) =>
      message.number(1, id).nonZero(2, nameIndex).nonZero(3, nameIndex).nonZero(4, this.#string(file)),
    );
  }

  #location(sketch: FrameSketch): number {
    const frame = typeof sketch === "string" ? { name: sketch } : sketch;
    const key = JSON.stringify([frame.name, frame.file, frame.line, frame.address]);
    return idOf(this.#locations, key, () => this.#locationFrames.push(frame));
  }

  #function(frame: Exclude<FrameSketch, string>): number {
    return idOf(this.#functions, JSON.stringify([frame.name, frame.file]), () =>
      this.#functionFrames.push(frame),
    );
  }

  #string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    this.#strings.set(text, this.#strings.size);
    return this.#strings.size - 1;
  }
}

/** The id of the key; a new key gets the one that `add` returns. */
function idOf(ids: Map<string, number>, key: string, add: () => number): number {
  const known = ids.get(key);
  if (known !== undefined) return known;
  const id = add();
  ids.set(key, id);
  return id;
}
