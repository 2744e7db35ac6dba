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

/** The original answers 422 with the code `unknown`, which tells an agent nothing. */
const unreadable: Difference = {
  reason: "what a client sent wrongly is refused as such, with 400, in every format of /ingest",
  better: refused,
};

/** To be taken off one by one as the formats come. */
const laterFormat: Difference = {
  reason: "of the formats of /ingest only pprof is there yet; the others are refused, not lost",
  better: refused,
};

/** By `<case>/<id of the step>`. `docs/differences.md` tells users of each. */
export const differences: Readonly<Record<string, Difference>> = {
  "errors-ingest/config-array": unreadable,
  "errors-ingest/config-broken": unreadable,
  "errors-ingest/count-float": unreadable,
  "errors-ingest/count-past-int64": unreadable,
  "errors-ingest/count-word": unreadable,
  "errors-ingest/form-junk": unreadable,
  "errors-ingest/jfr-junk": unreadable,
  "errors-ingest/pprof-junk": unreadable,
  "errors-ingest/prev-profile": unreadable,
  "errors-ingest/speedscope-junk": unreadable,
  "errors-ingest/speedscope-schema": unreadable,
  "errors-ingest/tree-cut": unreadable,
  "errors-ingest/trie-cut": unreadable,

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
