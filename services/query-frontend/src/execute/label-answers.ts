import { DataLossError } from "@hearth/errors";
import type { Report } from "@hearth/proto/hearth/query/v1";
import { RecentMap } from "@hearth/runtime";

import type { Matcher } from "../request/selectors.ts";
import type { PlannedBlock } from "./planned-blocks.ts";

/*
 * Which labels the matching series of a block have depends on the block, the matchers, the label, and the deletions on request
 * that touch the block, which are part of its key; and on nothing else: the range of time only chooses the blocks. So an answer about a block is kept, and when a question comes again, as it
 * does with every view of a dashboard, only the blocks are read that have come since. Everything is bounded; what was not
 * kept is asked again.
 */

/** Questions that are kept, blocks of each by the bytes of their answers, and distinct strings of each. */
const MAX_QUESTIONS = 64;
const QUESTION_BYTES = 256 * 2 ** 10;
const MAX_STRINGS = 8192;

export type LabelQuery =
  | { readonly case: "labelNames"; readonly value: Record<string, never> }
  | { readonly case: "labelValues"; readonly value: { readonly name: string } };

/** The answers that are kept. */
export class LabelAnswers {
  readonly #questions = new RecentMap<string, LabelQuestion>(MAX_QUESTIONS);

  question(query: LabelQuery, matchers: readonly Matcher[]): LabelQuestion {
    const name = query.case === "labelValues" ? [query.value.name] : [];
    const key = JSON.stringify([name, ...matchers.map(({ name, value, type }) => [name, value, type])]);
    const known = this.#questions.get(key);
    if (known && known.stringCount <= MAX_STRINGS) return known;
    const question = new LabelQuestion();
    this.#questions.set(key, question, 1);
    return question;
  }
}

/** What a block answers, as numbers of the question's strings. */
type Answer = Uint32Array;

/** One question, and what blocks answered. */
export class LabelQuestion {
  readonly #strings: string[] = [];
  readonly #numbers = new Map<string, number>();
  readonly #answers = new RecentMap<string, Answer>(QUESTION_BYTES);

  get stringCount(): number {
    return this.#strings.length;
  }

  /** The answers of blocks that are known, and the other blocks. */
  recall(blocks: readonly PlannedBlock[]): { known: Answer[]; unknown: PlannedBlock[] } {
    const known: Answer[] = [];
    const unknown: PlannedBlock[] = [];
    for (const block of blocks) {
      const answer = this.#answers.get(block.datasetsKey);
      if (answer) known.push(answer);
      else unknown.push(block);
    }
    return { known, unknown };
  }

  /**
   * Keeps what a backend reports of `blocks`; of a report that does not tell one block from another, nothing.
   *
   * @returns all that it reports.
   * @throws {DataLossError} if the report is about other blocks.
   */
  learn(blocks: readonly PlannedBlock[], { report }: Report): Answer {
    const { strings, byBlock } = contentOf(report);
    const numbers = Uint32Array.from(strings, (string) => this.#numberOf(string));
    if (byBlock.length === 0) return numbers;
    let at = 0;
    for (const { datasetsKey } of blocks) {
      const count = byBlock[at] ?? 0;
      const indexes = byBlock.slice(at + 1, (at += 1 + count));
      const answer = Uint32Array.from(indexes, (index) => numbers[index] ?? NO_NUMBER);
      if (answer.length < count || answer.includes(NO_NUMBER)) throw otherBlocks();
      this.#answers.set(datasetsKey, answer, ENTRY_BYTES + answer.byteLength);
    }
    if (at !== byBlock.length) throw otherBlocks();
    return numbers;
  }

  /** The strings of all answers, each once. */
  unite(known: readonly Answer[], fresh: readonly Answer[]): string[] {
    const isIn = new Uint8Array(this.#strings.length);
    for (const answers of [known, fresh]) {
      for (const answer of answers) for (const number of answer) isIn[number] = 1;
    }
    return this.#strings.filter((_, number) => isIn[number] === 1);
  }

  #numberOf(string: string): number {
    let number = this.#numbers.get(string);
    if (number === undefined) this.#numbers.set(string, (number = this.#strings.push(string) - 1));
    return number;
  }
}

const NO_NUMBER = 0xffffffff;
/** Of a key, an empty array and their places in a map. */
const ENTRY_BYTES = 250;

function contentOf(report: Report["report"]): { strings: readonly string[]; byBlock: readonly number[] } {
  switch (report.case) {
    case "labelNames":
      return { strings: report.value.names, byBlock: report.value.byBlock };
    case "labelValues":
      return { strings: report.value.values, byBlock: report.value.byBlock };
    default:
      throw new DataLossError(`a backend answers something else than labels: case=${report.case}`);
  }
}

function otherBlocks(): DataLossError {
  return new DataLossError("a backend reports labels of other blocks than it was asked about");
}
