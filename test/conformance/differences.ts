import type { Answer } from "./golden-case.ts";

/** Where another answer than the recorded one is wanted: which one, and why. */
export interface Difference {
  readonly reason: string;
  readonly better: Answer;
}

const refused: Answer = {
  status: 400,
  contentType: "application/json",
  body: { code: "invalid_argument" },
};

/** To be taken off one by one as the formats come. */
const laterFormat: Difference = {
  reason: "of the formats of /ingest only pprof is there yet; the others are refused, not lost",
  better: refused,
};

/** By `<case>/<id of the step>`. `docs/differences.md` tells users of each. */
export const differences: Readonly<Record<string, Difference>> = {
  "errors-ingest/count-float": laterFormat,
  "errors-ingest/count-past-int64": laterFormat,
  "errors-ingest/count-word": laterFormat,
  "errors-ingest/jfr-junk": laterFormat,
  "errors-ingest/speedscope-junk": laterFormat,
  "errors-ingest/speedscope-schema": laterFormat,
  "errors-ingest/tree-cut": laterFormat,
  "errors-ingest/trie-cut": laterFormat,
  "errors-ingest/format-case": laterFormat,
  "errors-ingest/format-unknown": laterFormat,
  "errors-ingest/lines-fine": laterFormat,
  "errors-ingest/only-newlines": laterFormat,
  "errors-ingest/rate-negative": laterFormat,
  "errors-ingest/rate-word": laterFormat,
  "errors-ingest/units-unknown": laterFormat,
  "errors-ingest/stored-services": {
    reason: "nothing is stored of the uploads in the formats that come later",
    better: { status: 200, contentType: "application/json", body: { names: [] } },
  },
};
