import { escapeHtml } from "./escape-html.ts";

/** The times that the links of a page ask for, in Unix milliseconds. */
export interface LinkRange {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * The profile types of a service in a few lines: those of one name together, each linked to its flame graph. The whole
 * identifier is in the link and in its tooltip.
 */
export function renderProfileTypes(
  service: string,
  profileTypes: readonly string[],
  range: LinkRange,
): string {
  const byName = new Map<string, string[]>();
  for (const id of profileTypes) {
    const [name = ""] = id.split(":", 1);
    byName.set(name, [...(byName.get(name) ?? []), id]);
  }
  const items = Array.from(byName, ([name, ids]) => {
    const links = ids.map((id) => renderLink({ service, id, text: shortName(id, ids) }, range));
    return `<li><span>${escapeHtml(name)}</span><div>${links.join("")}</div></li>`;
  });
  return `<ul>${items.join("")}</ul>`;
}

/** The sample type, if no other of `ids` has the same. */
function shortName(id: string, ids: readonly string[]): string {
  const text = sampleType(id);
  return text === "" || ids.some((other) => other !== id && sampleType(other) === text) ? id : text;
}

function sampleType(id: string): string {
  return id.split(":", 2)[1] ?? "";
}

function renderLink(
  { service, id, text }: { service: string; id: string; text: string },
  { fromMs, untilMs }: LinkRange,
): string {
  const query = new URLSearchParams({
    query: `${id}{service_name=${JSON.stringify(service)}}`,
    from: String(fromMs),
    until: String(untilMs),
  });
  const href = escapeHtml(`pyroscope/render?${query.toString()}`);
  return `<a href="${href}" title="${escapeHtml(id)}">${escapeHtml(text)}</a>`;
}
