import { isDeepStrictEqual } from "node:util";

import { buildRequest, type HttpRequest } from "./build-request.ts";
import { differences } from "./differences.ts";
import type { Answer, GoldenCase, Step } from "./golden-case.ts";
import { meaningOf } from "./meaning.ts";

/** Meanings by id of the step, of only those steps where they are not the same. */
export interface Disagreements {
  readonly wanted: Readonly<Record<string, unknown>>;
  readonly came: Readonly<Record<string, unknown>>;
}

/** Holds the conversation with the server at `url`, step by step, and compares its answers with the recorded ones. */
export async function holdConversation(url: string, golden: GoldenCase): Promise<Disagreements> {
  const wanted: Record<string, unknown> = {};
  const came: Record<string, unknown> = {};
  for (const step of golden.steps) {
    const meaning = meaningOf(step, await exchange(url, buildRequest(step, golden.name)));
    const wantedMeaning = meaningOf(step, wantedAnswer(golden, step));
    if (isDeepStrictEqual(meaning, wantedMeaning)) continue;
    wanted[step.id] = wantedMeaning;
    came[step.id] = meaning;
  }
  return { wanted, came };
}

export function recordedAnswer({ name, answers }: GoldenCase, { id }: Pick<Step, "id">): Answer {
  const answer = answers.get(id);
  if (answer === undefined) throw new Error(`no answer is recorded: case=${name} step=${id}`);
  return answer;
}

function wantedAnswer(golden: GoldenCase, step: Step): Answer {
  return differences[`${golden.name}/${step.id}`]?.better ?? recordedAnswer(golden, step);
}

async function exchange(url: string, { path, ...request }: HttpRequest): Promise<Answer> {
  const response = await fetch(url + path, { ...(request as RequestInit), redirect: "manual" });
  const text = await response.text();
  const contentType = response.headers.get("content-type")?.split(";")[0] ?? "";
  return { status: response.status, contentType, body: parseBody(text) };
}

function parseBody(text: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { text };
  }
}
