import { escapeHtml } from "../home/escape-html.ts";
import { renderPage } from "../operator-pages/page-frame.ts";

/** What a read came to. */
export type ReadOutcome =
  | {
      readonly type: "answered";
      readonly commitIndex: number;
      readonly term: number;
      readonly elapsedMs: number;
    }
  | { readonly type: "failed"; readonly reason: string; readonly elapsedMs: number };

/** `/metastore-client-test`: whether this process reaches a metastore that can answer. */
export function renderClientTestPage(outcome: ReadOutcome | undefined): string {
  const body = `<p>Asks the metastore, as this process does for queries, up to where its state is certain. That takes a round between the leader and a majority.</p>
<form method="post"><button>Read now</button></form>
${outcome ? result(outcome) : ""}
<p class="facts"><a href="metastore-nodes">Nodes</a></p>`;
  return renderPage({ title: "Metastore client test", body });
}

function result(outcome: ReadOutcome): string {
  const after = `${outcome.elapsedMs.toFixed(1)} ms`;
  if (outcome.type === "failed")
    return `<p class="bad">Failed after ${after}: ${escapeHtml(outcome.reason)}</p>`;
  const { commitIndex, term } = outcome;
  return `<p><span class="state good">Answered after ${after}</span></p>
<dl><dt>commit index</dt><dd>${commitIndex}</dd><dt>term</dt><dd>${term}</dd></dl>`;
}
