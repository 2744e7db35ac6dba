import { escapeHtml } from "../home/escape-html.ts";
import { HOME_STYLE } from "../home/home-style.ts";

/** What these pages need beside the style of the home page: tables that are wider than a phone, and forms. */
const STYLE = `
.wide { overflow-x: auto; }
.wide thead { display: table-header-group; }
.wide th, .wide td { display: table-cell; width: auto; padding: .5rem 1.25rem .5rem 0; border-top: 1px solid var(--line); overflow-wrap: normal; }
.wide thead th { border-top: 0; white-space: nowrap; }
.number { font-variant-numeric: tabular-nums; white-space: nowrap; }
form { display: flex; flex-wrap: wrap; gap: .5rem; align-items: center; }
button, input { font: inherit; font-size: .875rem; padding: .25rem .7rem; border: 1px solid var(--line); border-radius: .3rem; background: var(--fill); color: var(--ink); }
button { cursor: pointer; } button:hover { border-color: var(--accent); color: var(--accent); }
input { flex: 0 1 20rem; background: var(--paper); }
summary { cursor: pointer; color: var(--quiet); font-size: .875rem; }
dl { display: grid; grid-template-columns: minmax(9rem, max-content) 1fr; gap: .1rem 1.25rem; margin: .4rem 0; font-size: .875rem; }
dt { color: var(--quiet); } dd { margin: 0; }
`;

/** Nothing is loaded, nothing runs, no other site shows it in a frame, and its forms go to its own server. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'self'; frame-ancestors 'none'";

/** A page around `body`, which is HTML. */
export function renderPage({ title, body }: { readonly title: string; readonly body: string }): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,">
<title>${escapeHtml(title)} · Hearth</title>
<style>${HOME_STYLE}${STYLE}</style>
</head>
<body>
<header><h1>${escapeHtml(title)}</h1></header>
<main>
${body}
</main>
</body>
</html>
`;
}

/** Why something was not done. */
export function renderErrorPage({
  reason,
  back,
}: {
  readonly reason: string;
  readonly back: string;
}): string {
  const body = `<p class="bad">${escapeHtml(reason)}</p>
<p>Nothing else was done. <a href="${escapeHtml(back)}">Back, and look again</a></p>`;
  return renderPage({ title: "It was not done", body });
}
