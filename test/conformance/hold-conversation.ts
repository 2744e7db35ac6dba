import { buildRequest, type HttpRequest } from "./build-request.ts";
import { differences } from "./differences.ts";
import { firstDifference } from "./first-difference.ts";
import type { Answer, GoldenCase, Step } from "./golden-case.ts";
import { meaningOf } from "./meaning.ts";

/**
 * Holds the conversation with a server, step by step, and compares its answers with the recorded ones.
 *
 * @param server - its URL, or which URL serves a path.
 * @returns for each step that disagrees a sentence that says where first.
 */
export async function holdConversation(
  server: string | ((path: string) => string),
  golden: GoldenCase,
): Promise<string[]> {
  const urlOf = typeof server === "string" ? () => server : server;
  const disagreements: string[] = [];
  for (const step of golden.steps) {
    const answer = await exchange(urlOf, buildRequest(step, golden.name));
    const wanted = wantedAnswer(golden, step);
    const difference = firstDifference(
      meaningOf(step, wanted),
      meaningOf(step, asExplicitAs(wanted, answer)),
    );
    if (difference !== undefined) disagreements.push(`${step.id}: ${difference}${explanation(answer)}`);
  }
  return disagreements;
}

/** A refusal may have a code where the recorded one has none. */
function asExplicitAs(wanted: Answer, { body, ...answer }: Answer): Answer {
  const isBare = wanted.status >= 400 && (wanted.body as { code?: unknown } | null)?.code === undefined;
  return { ...answer, body: isBare ? null : body };
}

/** What a refusal says of itself. */
function explanation({ status, body }: Answer): string {
  return status < 400 ? "" : ` (${JSON.stringify(body)})`;
}

export function recordedAnswer({ name, answers }: GoldenCase, { id }: Pick<Step, "id">): Answer {
  const answer = answers.get(id);
  if (answer === undefined) throw new Error(`no answer is recorded: case=${name} step=${id}`);
  return answer;
}

function wantedAnswer(golden: GoldenCase, step: Step): Answer {
  return differences[`${golden.name}/${step.id}`]?.better ?? recordedAnswer(golden, step);
}

async function exchange(urlOf: (path: string) => string, { path, ...request }: HttpRequest): Promise<Answer> {
  const response = await fetch(urlOf(path) + path, { ...(request as RequestInit), redirect: "manual" });
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
