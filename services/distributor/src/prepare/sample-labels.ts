import type { Label } from "@hearth/labels";
import { finish, mix, SlotTable } from "@hearth/symbols";

import type { WorkingProfile } from "./working-profile.ts";

/** Labels of samples, sorted out: sets that become series labels, and spans that stay with the samples. */
export interface SampleLabels {
  /** Number of the label set of each selected sample. */
  readonly setOf: Uint32Array;
  /** The distinct sets; of a repeated name the last value. */
  readonly sets: readonly (readonly Label[])[];
  /** 8 bytes for each selected sample; absent when none has a span. */
  readonly spanId: Uint8Array | undefined;
  /** 16 bytes for each selected sample; absent when none has a trace. */
  readonly traceId: Uint8Array | undefined;
  readonly numericLabels: number;
  readonly badSpanIds: number;
}

const SPAN_ID_BYTES = 8;
const TRACE_ID_BYTES = 16;

const MEANING = { plain: 1, spanId: 2, profileId: 3, traceId: 4 } as const;
type Meaning = (typeof MEANING)[keyof typeof MEANING];

/** `profile_id` is what older agents call a span. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ["span_id", MEANING.spanId],
  ["profile_id", MEANING.profileId],
  ["trace_id", MEANING.traceId],
]);

/**
 * Sorts out the labels of samples: texts into distinct sets, `span_id` and `trace_id` into columns. Numbers and empty
 * texts are left out.
 *
 * @param samples - indexes of samples.
 */
export function readSampleLabels(profile: WorkingProfile, samples: Uint32Array): SampleLabels {
  if (profile.pprof.labels.count === 0) return withoutLabels(profile.memory.uint32(samples.length));
  const reader = new SampleLabelReader(profile, samples.length);
  for (let position = 0; position < samples.length; position++) reader.read(samples[position]!, position);
  return reader.finish();
}

function withoutLabels(setOf: Uint32Array): SampleLabels {
  return {
    setOf,
    sets: [[]],
    spanId: undefined,
    traceId: undefined,
    numericLabels: 0,
    badSpanIds: 0,
  };
}

class SampleLabelReader {
  readonly #profile: WorkingProfile;
  readonly #setOf: Uint32Array;
  /** Meaning of a label by the index of its key; 0 where it was not asked for. */
  readonly #meanings: Uint8Array;
  readonly #sets = new SlotTable();
  /** Key and text of each label of each set, set after set; where they end. */
  readonly #pairs: number[] = [];
  readonly #setEnd: number[] = [];
  /** Key and text of the labels of the sample at hand, sorted. */
  #current: number[] = [];
  readonly #equalsCurrent = (set: number): boolean => this.#isCurrent(set);
  #spanId: Uint8Array | undefined;
  #traceId: Uint8Array | undefined;
  #numericLabels = 0;
  #badSpanIds = 0;

  constructor(profile: WorkingProfile, sampleCount: number) {
    this.#profile = profile;
    this.#setOf = profile.memory.uint32(sampleCount);
    this.#meanings = profile.memory.uint8(profile.stringCount);
  }

  /** @param position - of the sample among those that are selected. */
  read(sample: number, position: number): void {
    const { samples, labels } = this.#profile.pprof;
    const end = samples.labelEnd[sample]!;
    this.#current = [];
    for (let label = sample === 0 ? 0 : samples.labelEnd[sample - 1]!; label < end; label++) {
      this.#readLabel(labels.key[label]!, labels.text[label]!, position);
    }
    this.#setOf[position] = this.#internCurrent();
  }

  #readLabel(key: number, text: number, position: number): void {
    const { stringStart, stringEnd } = this.#profile;
    if (stringStart[text] === stringEnd[text]) {
      this.#numericLabels++;
      return;
    }
    switch (this.#meaningOf(key)) {
      case MEANING.spanId:
        return this.#readSpan(text, position, true);
      case MEANING.profileId:
        return this.#readSpan(text, position, false);
      case MEANING.traceId:
        return this.#readTrace(text, position);
      case MEANING.plain:
        return this.#insertPair(key, text);
    }
  }

  #meaningOf(key: number): Meaning {
    const known = this.#meanings[key]!;
    if (known !== 0) return known as Meaning;
    const meaning = MEANINGS.get(this.#profile.text(key)) ?? MEANING.plain;
    this.#meanings[key] = meaning;
    return meaning;
  }

  /** @param replaces - whether it wins over a span that the sample has already. */
  #readSpan(text: number, position: number, replaces: boolean): void {
    this.#spanId ??= this.#profile.memory.uint8(SPAN_ID_BYTES * this.#setOf.length);
    const target = this.#spanId.subarray(SPAN_ID_BYTES * position, SPAN_ID_BYTES * (position + 1));
    if (replaces || target.every((byte) => byte === 0)) this.#readHex(text, target);
  }

  #readTrace(text: number, position: number): void {
    this.#traceId ??= this.#profile.memory.uint8(TRACE_ID_BYTES * this.#setOf.length);
    this.#readHex(text, this.#traceId.subarray(TRACE_ID_BYTES * position, TRACE_ID_BYTES * (position + 1)));
  }

  #readHex(text: number, target: Uint8Array): void {
    const { bytes, stringStart, stringEnd } = this.#profile;
    if (!parseHex(bytes, stringStart[text]!, stringEnd[text]!, target)) this.#badSpanIds++;
  }

  /** Sets are few and small: insertion keeps them sorted by key; the last of equal keys stays. */
  #insertPair(key: number, text: number): void {
    const pairs = this.#current;
    let at = pairs.length;
    while (at > 0 && pairs[at - 2]! >= key) at -= 2;
    pairs.splice(at, pairs[at] === key ? 2 : 0, key, text);
  }

  #internCurrent(): number {
    let hash = 0;
    for (const item of this.#current) hash = mix(hash, item);
    hash = finish(hash);
    const known = this.#sets.find(hash, this.#equalsCurrent);
    if (known >= 0) return known;
    this.#pairs.push(...this.#current);
    this.#setEnd.push(this.#pairs.length);
    return this.#sets.add(hash);
  }

  #isCurrent(set: number): boolean {
    const start = set === 0 ? 0 : this.#setEnd[set - 1]!;
    if (this.#setEnd[set]! - start !== this.#current.length) return false;
    return this.#current.every((item, i) => this.#pairs[start + i] === item);
  }

  finish(): SampleLabels {
    return {
      setOf: this.#setOf,
      sets: this.#setEnd.map((end, set) => this.#labelsBetween(set === 0 ? 0 : this.#setEnd[set - 1]!, end)),
      spanId: presentOrNone(this.#spanId),
      traceId: presentOrNone(this.#traceId),
      numericLabels: this.#numericLabels,
      badSpanIds: this.#badSpanIds,
    };
  }

  #labelsBetween(start: number, end: number): Label[] {
    const values = new Map<string, string>();
    for (let at = start; at < end; at += 2) {
      values.set(this.#profile.text(this.#pairs[at]!), this.#profile.text(this.#pairs[at + 1]!));
    }
    return Array.from(values, ([name, value]) => ({ name, value }));
  }
}

function presentOrNone(ids: Uint8Array | undefined): Uint8Array | undefined {
  return ids?.some((byte) => byte !== 0) === true ? ids : undefined;
}

/** Reads hex digits of either case that fill `target` exactly; else leaves it as it is and says so. */
function parseHex(bytes: Uint8Array, start: number, end: number, target: Uint8Array): boolean {
  if (end - start !== 2 * target.length) return false;
  const parsed = new Uint8Array(target.length);
  for (let i = 0; i < target.length; i++) {
    const high = hexDigit(bytes[start + 2 * i]!);
    const low = hexDigit(bytes[start + 2 * i + 1]!);
    if (high < 0 || low < 0) return false;
    parsed[i] = high * 16 + low;
  }
  target.set(parsed);
  return true;
}

function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
