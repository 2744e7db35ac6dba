import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

/**
 * A recorded conversation: what was sent to Grafana Pyroscope 2.x, what was asked, and what it answered. Each speaks as
 * a tenant of its own, so that all of them can be held with one server.
 */
export interface GoldenCase {
  readonly name: string;
  /** What it is about, in a line. */
  readonly about: string;
  /** In the order they were held: what was sent first, then what was asked. */
  readonly steps: readonly Step[];
  /** The recorded answers, by id of the step. */
  readonly answers: ReadonlyMap<string, Answer>;
}

/** One request in the words of the case; `buildRequest` makes bytes of it. */
export interface Step {
  readonly id: string;
  /** What its answer means, where the method's name does not tell: a key of `meanings`. */
  readonly as?: string;
  /** Absent: the name of the case. Null: no tenant at all. */
  readonly tenant?: string | null;
  readonly headers?: Readonly<Record<string, string | null>>;

  /** A push by Connect JSON. */
  readonly push?: { readonly series: readonly PushedSeries[] };
  /** A request to `/ingest`. */
  readonly ingest?: Ingest;
  /** An OTLP export as JSON. */
  readonly otlp?: { readonly json: unknown };
  /** A call by Connect JSON: `querier.v1.QuerierService/Diff`, with `body`. */
  readonly rpc?: string;
  /** Any other request: `GET /path?query`, with `body` (JSON), `bodyText` or the file `profile`. */
  readonly http?: string;

  readonly body?: unknown;
  readonly bodyText?: string;
  readonly profile?: string;
}

export interface PushedSeries {
  readonly labels: Readonly<Record<string, string>>;
  readonly samples: readonly PushedProfile[];
}

/** A profile from a file, with its time set anew, or literal bytes in base64. */
export type PushedProfile =
  | { readonly profile: string; readonly timeNanos?: string }
  | { readonly text: string };

export interface Ingest {
  readonly query: Readonly<Record<string, string>>;
  readonly multipart?: readonly FormPart[];
  /** The whole body: text, or a file. */
  readonly text?: string;
  readonly profile?: string;
}

export interface FormPart {
  readonly name: string;
  readonly filename?: string;
  readonly text?: string;
  readonly profile?: string;
}

export interface Answer {
  readonly status: number;
  /** Without parameters. */
  readonly contentType: string;
  /** Parsed JSON; `{ text }` when it is none; null when it is empty. */
  readonly body: unknown;
}

const golden = join(import.meta.dirname, "..", "golden");

export function loadGoldenCases(): GoldenCase[] {
  return readdirSync(join(golden, "cases")).sort().map(loadGoldenCase);
}

export function loadGoldenCase(name: string): GoldenCase {
  const folder = join(golden, "cases", name);
  const file = JSON.parse(readFileSync(join(folder, "case.json"), "utf8")) as CaseFile;
  const sent = file.send.map((step, index) => ({ as: "status", ...step, id: step.id ?? `send-${index}` }));
  return { name, about: file.about, steps: [...sent, ...file.ask], answers: readAnswers(folder) };
}

/** A profile that the cases send, as it is in its file. */
export function goldenProfile(name: string): Buffer<ArrayBuffer> {
  return readFileSync(join(golden, "profiles", name));
}

interface CaseFile {
  readonly about: string;
  readonly send: readonly (Omit<Step, "id"> & { readonly id?: string })[];
  readonly ask: readonly Step[];
}

function readAnswers(folder: string): Map<string, Answer> {
  const lines = readFileSync(join(folder, "answers.jsonl"), "utf8").trimEnd().split("\n");
  const answers = lines.map((line) => JSON.parse(line) as Answer & { id: string });
  return new Map(answers.map(({ id, ...answer }) => [id, answer]));
}
