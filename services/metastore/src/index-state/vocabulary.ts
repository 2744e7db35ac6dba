import { DataLossError } from "@hearth/errors";
import type { Labels } from "@hearth/labels";
import { DigestSum, ELEMENT, ElementHash, type HashWords } from "./state-digest.ts";

/** What datasets of many blocks have in common. */
export interface DatasetKind {
  readonly tenant: string;
  readonly service: string;
  readonly labelSets: readonly Labels[];
}

/** Numbers refer to earlier lists: label sets to strings, kinds to strings (the first two) and label sets. */
export interface VocabularyEntries {
  readonly strings: readonly string[];
  readonly labelSets: readonly (readonly number[])[];
  readonly kinds: readonly (readonly number[])[];
}

/** How far a vocabulary had grown. */
export interface VocabularyExtent {
  readonly stringCount: number;
  readonly labelSetCount: number;
  readonly kindCount: number;
}

/**
 * The words that the blocks of a partition share. Segments repeat the same tenants, services and profile types twice a
 * second, so a block keeps one number for each of its datasets: its *kind*, that is tenant, service and label sets. It only grows
 * while the partition lives, which lets a snapshot read it while blocks are added.
 */
export class Vocabulary {
  readonly #digest = new DigestSum();
  readonly #hash = new ElementHash();
  readonly #strings = new Interned<string>((value, number) =>
    this.#digest.add(this.#hash.begin(ELEMENT.string).word(number).text(value).end()),
  );
  /** Names and values, alternating, as string numbers. */
  readonly #labelSets = new Interned<readonly number[]>((parts, number) =>
    this.#note(ELEMENT.labelSet, number, parts),
  );
  /** Tenant and service as string numbers, then label set numbers. */
  readonly #kinds = new Interned<readonly number[]>((parts, number) =>
    this.#note(ELEMENT.kind, number, parts),
  );
  readonly #resolvedSets: Labels[] = [];
  readonly #resolvedKinds: DatasetKind[] = [];
  /** Tenant, then service, to kind numbers. */
  readonly #kindsByService = new Map<string, Map<string, number[]>>();

  /** Of all words and their numbers. */
  get digest(): HashWords {
    return this.#digest;
  }

  get extent(): VocabularyExtent {
    return {
      stringCount: this.#strings.values.length,
      labelSetCount: this.#labelSets.values.length,
      kindCount: this.#kinds.values.length,
    };
  }

  stringNumber(value: string): number {
    return this.#strings.intern(value, value);
  }

  /** @throws {DataLossError} if there is no such string. */
  string(number: number): string {
    return known(this.#strings.values[number]);
  }

  kindNumber(kind: DatasetKind): number {
    const alike = this.#kindsByService.get(kind.tenant)?.get(kind.service) ?? [];
    // Nearly always it is known, and comparing is ten times cheaper than numbering all its labels.
    for (const number of alike) {
      const known = this.#resolvedKinds[number];
      if (known && haveSameLabels(known.labelSets, kind.labelSets)) return number;
    }
    const parts = [this.stringNumber(kind.tenant), this.stringNumber(kind.service)];
    for (const labels of kind.labelSets) parts.push(this.#labelSetNumber(labels));
    return this.#addKind(parts);
  }

  /** @throws {DataLossError} if there is no such kind. */
  kind(number: number): DatasetKind {
    return known(this.#resolvedKinds[number]);
  }

  #labelSetNumber(labels: Labels): number {
    const parts: number[] = [];
    for (const label of labels) parts.push(this.stringNumber(label.name), this.stringNumber(label.value));
    return this.#addLabelSet(parts);
  }

  #addLabelSet(parts: readonly number[]): number {
    const number = this.#labelSets.intern(parts.join(), parts);
    if (number === this.#resolvedSets.length) this.#resolvedSets.push(this.#resolveLabels(parts));
    return number;
  }

  #addKind(parts: readonly number[]): number {
    const number = this.#kinds.intern(parts.join(), parts);
    if (number < this.#resolvedKinds.length) return number;
    const kind = this.#resolveKind(parts);
    this.#resolvedKinds.push(kind);
    this.#noteService(kind, number);
    return number;
  }

  #note(type: number, number: number, parts: readonly number[]): void {
    this.#hash.begin(type).word(number).word(parts.length);
    for (const part of parts) this.#hash.word(part);
    this.#digest.add(this.#hash.end());
  }

  #noteService(kind: DatasetKind, number: number): void {
    let services = this.#kindsByService.get(kind.tenant);
    if (!services) this.#kindsByService.set(kind.tenant, (services = new Map()));
    const alike = services.get(kind.service);
    if (alike) alike.push(number);
    else services.set(kind.service, [number]);
  }

  #resolveLabels(parts: readonly number[]): Labels {
    const labels = [];
    for (let i = 0; i + 1 < parts.length; i += 2) {
      labels.push({ name: this.string(parts[i]!), value: this.string(parts[i + 1]!) });
    }
    return labels;
  }

  #resolveKind(parts: readonly number[]): DatasetKind {
    return {
      tenant: known(this.#strings.values[parts[0] ?? -1]),
      service: known(this.#strings.values[parts[1] ?? -1]),
      labelSets: parts.slice(2).map((number) => known(this.#resolvedSets[number])),
    };
  }

  /** What was there at `extent`, in the order of the numbers; the `restore…` calls take it back in this order. */
  entries(extent: VocabularyExtent): VocabularyEntries {
    return {
      strings: this.#strings.values.slice(0, extent.stringCount),
      labelSets: this.#labelSets.values.slice(0, extent.labelSetCount),
      kinds: this.#kinds.values.slice(0, extent.kindCount),
    };
  }

  restoreString(value: string): void {
    this.stringNumber(value);
  }

  /** @throws {DataLossError} if a number is unknown. */
  restoreLabelSet(parts: readonly number[]): void {
    if (parts.length % 2 !== 0) throw new DataLossError("a label set has a name without a value");
    this.#addLabelSet(parts);
  }

  /** @throws {DataLossError} if a number is unknown. */
  restoreKind(parts: readonly number[]): void {
    this.#addKind(parts);
  }
}

/** Distinct values, numbered in the order of their first use. */
class Interned<T> {
  readonly values: T[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #onNew: (value: T, number: number) => void;

  constructor(onNew: (value: T, number: number) => void) {
    this.#onNew = onNew;
  }

  intern(key: string, value: T): number {
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    const number = this.values.length;
    this.values.push(value);
    this.#numbers.set(key, number);
    this.#onNew(value, number);
    return number;
  }
}

function haveSameLabels(a: readonly Labels[], b: readonly Labels[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (!isSameSet(a[i]!, b[i]!)) return false;
  return true;
}

function isSameSet(a: Labels, b: Labels): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i]!.name !== b[i]!.name || a[i]!.value !== b[i]!.value) return false;
  }
  return true;
}

function known<T>(value: T | undefined): T {
  if (value === undefined) throw new DataLossError("a vocabulary number is out of range");
  return value;
}
