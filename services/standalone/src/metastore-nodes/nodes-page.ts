import { escapeHtml } from "../home/escape-html.ts";
import { NO_SUFFRAGE, type GroupView, type ListedNode } from "./group-view.ts";
import { ANY_TERM } from "./node-action.ts";
import { renderPage } from "../operator-pages/page-frame.ts";

const HEADINGS = ["Server", "State", "Term", "Leader", "Commit", "Applied", "Last", "Version", ""];

/** `/metastore-nodes`: what each node of the metastore says, and what can be asked of them. */
export function renderNodesPage(view: GroupView): string {
  const rows = view.nodes.map((node) => nodeRow(node, view)).join("\n");
  const missing = view.missing.map((serverId) => missingRow(serverId, view)).join("\n");
  const head = HEADINGS.map((heading) => `<th scope="col">${heading}</th>`).join("");
  const body = `${summary(view)}
${warnings(view)
  .map((warning) => `<p class="bad">${escapeHtml(warning)}</p>`)
  .join("\n")}
<section><h2>Nodes</h2>
<div class="wide"><table><thead><tr>${head}</tr></thead>
<tbody>
${rows}
${missing}
</tbody></table></div></section>
${silentList(view)}
<section><h2>Add a node</h2>
<p>It gets the log first, and a vote by itself once it has caught up. A node that starts with an empty disk and knows its peers needs no adding.</p>
<form method="post">${termField(view)}<input name="add" required placeholder="host:port or host:port/incarnation" aria-label="Server id"><button>Add</button></form></section>
<section><h2>Details</h2>
${view.nodes.map(details).join("\n")}</section>
<p class="facts"><a href="metastore-client-test">Test a read</a></p>`;
  return renderPage({ title: "Metastore nodes", body });
}

function summary({ leader, term, nodes, missing }: GroupView): string {
  const facts = [
    leader ? `${leader.serverId} leads` : "Nobody leads",
    ...(term === undefined ? [] : [`term ${term}`]),
    `${nodes.length} of ${nodes.length + missing.length} nodes answered`,
  ];
  return `<p class="facts">${escapeHtml(facts.join(" · "))}</p>`;
}

function warnings({ leader, term, nodes, missing }: GroupView): string[] {
  const terms = nodes.map((node) => `${node.serverId} ${node.term}`).join(", ");
  return [
    ...(leader ? [] : ["No node says that it leads: nothing can be changed, and nothing is registered."]),
    ...(term !== undefined || nodes.length === 0
      ? []
      : [
          `The nodes are in several terms (${terms}): what is asked for here is done in whichever term it is.`,
        ]),
    ...(missing.length === 0 ? [] : [`These members were not reached: ${missing.join(", ")}.`]),
  ];
}

function nodeRow(node: ListedNode, view: GroupView): string {
  const isBad = node.state !== "Leader" && node.state !== "Follower";
  const suffrage =
    node.suffrage === "Voter" ? "" : `<br><span class="facts">${suffrageText(node.suffrage)}</span>`;
  const cells = [
    `<th scope="row">${escapeHtml(node.serverId)}${suffrage}</th>`,
    `<td><span class="state ${isBad ? "bad" : "good"}">${escapeHtml(node.state)}</span></td>`,
    number(node.term),
    `<td>${node.leaderId === "" ? "unknown" : escapeHtml(node.leaderId)}</td>`,
    ...[node.commitIndex, node.appliedIndex, node.lastIndex].map(number),
    `<td>${escapeHtml([node.version, node.revision].filter((part) => part !== "").join(" "))}</td>`,
    `<td>${actions(node, view)}</td>`,
  ];
  return `<tr>${cells.join("")}</tr>`;
}

/** Named by the others, and not heard of itself. */
function missingRow(serverId: string, view: GroupView): string {
  const remove = form(view, button("remove", serverId, "Remove"));
  return `<tr><th scope="row">${escapeHtml(serverId)}</th><td><span class="state bad">not reached</span></td><td colspan="6"></td><td>${asked("Remove …", remove)}</td></tr>`;
}

function suffrageText(suffrage: string): string {
  if (suffrage === NO_SUFFRAGE) return "does not take part";
  return suffrage === "Nonvoter" ? "no vote yet" : escapeHtml(suffrage);
}

function actions({ serverId, suffrage }: ListedNode, view: GroupView): string {
  if (suffrage === NO_SUFFRAGE) return form(view, button("add", serverId, "Add"));
  const others = view.nodes.filter((node) => node.suffrage === "Voter" && node.serverId !== serverId);
  if (serverId === view.leader?.serverId) {
    return others.length === 0 ? "" : form(view, button("demote", serverId, "Step back"));
  }
  const promote = suffrage === "Voter" ? form(view, button("promote", serverId, "Let it lead")) : "";
  return promote + asked("Remove …", form(view, button("remove", serverId, "Remove")));
}

/** Opened first, so that nobody is removed by a slip. */
function asked(title: string, form: string): string {
  return `<details><summary>${title}</summary>${form}</details>`;
}

function form(view: GroupView, inner: string): string {
  return `<form method="post">${termField(view)}${inner}</form>`;
}

function button(action: string, serverId: string, text: string): string {
  return `<button name="${action}" value="${escapeHtml(serverId)}">${text}</button>`;
}

function termField({ term }: GroupView): string {
  return `<input type="hidden" name="current-term" value="${term ?? ANY_TERM}">`;
}

function silentList({ silent }: GroupView): string {
  if (silent.length === 0) return "";
  const items = silent.map(
    ({ address, reason }) => `<dt>${escapeHtml(address)}</dt><dd>${escapeHtml(reason)}</dd>`,
  );
  return `<section><h2>Addresses that did not answer</h2><dl>${items.join("")}</dl></section>`;
}

function details(node: ListedNode): string {
  const facts: (readonly [string, string])[] = [
    ["asked at", node.address],
    ["peers", node.peers.map(({ serverId, suffrage }) => `${serverId} (${suffrage})`).join(", ")],
    ...node.stats,
  ];
  const items = facts.map(([name, value]) => `<dt>${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd>`);
  return `<details><summary>${escapeHtml(node.serverId)}</summary><dl>${items.join("")}</dl></details>`;
}

function number(value: number): string {
  return `<td class="number">${value}</td>`;
}
