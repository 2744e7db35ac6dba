import { invariant } from "@hearth/errors";

import type { NodeId } from "../../src/index.ts";
import type { Pair } from "./scripted-network.ts";

/** A command of a scenario: `deliver a->b only=append` has the words `a->b` and the option `only`. */
export class Command {
  readonly name: string;
  readonly words: readonly string[];
  readonly #options = new Map<string, string>();
  readonly #read = new Set<string>();

  constructor(line: string) {
    const [name = "", ...rest] = line.trim().split(/\s+/u);
    this.name = name;
    this.words = rest.filter((word) => !isOption(word));
    for (const word of rest.filter((word) => isOption(word))) {
      const at = word.indexOf("=");
      this.#options.set(word.slice(0, at), word.slice(at + 1));
    }
  }

  word(at: number): string {
    const word = this.words[at];
    invariant(word !== undefined, `${this.name}: word ${at + 1} is missing`);
    return word;
  }

  /** Undefined when the word is not there. */
  count(at: number): number | undefined {
    const word = this.words[at];
    return word === undefined ? undefined : wholeNumber(word);
  }

  has(word: string): boolean {
    return this.words.includes(word);
  }

  option(name: string): string | undefined {
    this.#read.add(name);
    return this.#options.get(name);
  }

  number(name: string): number | undefined {
    const text = this.option(name);
    return text === undefined ? undefined : wholeNumber(text);
  }

  /** `name=a,b` as a list; an option that is not there is empty. */
  list(name: string): string[] {
    return (this.option(name) ?? "").split(",").filter(Boolean);
  }

  /** `a->b` at the beginning; undefined when the command names no pair. */
  pair(): Pair | undefined {
    const [from, to] = (this.words[0] ?? "").split("->");
    return from !== undefined && to !== undefined ? { from, to } : undefined;
  }

  /** `a | b c` as lists of nodes. */
  sides(): NodeId[][] {
    return this.words
      .join(" ")
      .split("|")
      .map((side) => side.split(" ").filter(Boolean));
  }

  /** Options that nobody asked for: mistakes of whoever wrote the scenario. */
  unread(): string[] {
    return [...this.#options.keys()].filter((name) => !this.#read.has(name));
  }
}

function isOption(word: string): boolean {
  return /^[A-Za-z]+=/u.test(word);
}

function wholeNumber(text: string): number {
  invariant(/^\d+$/u.test(text), `not a number: ${text}`);
  return Number(text);
}
