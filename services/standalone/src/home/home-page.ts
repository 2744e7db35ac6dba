import { escapeHtml } from "./escape-html.ts";
import { HOME_STYLE } from "./home-style.ts";
import { renderProfileTypes } from "./profile-type-list.ts";

/** What the page at `/` shows. */
export interface HomeModel {
  readonly version: string;
  readonly ready: boolean;
  /** Why not ready. */
  readonly reason: string | undefined;
  /** Where the browser found this page, such as `http://localhost:4040`. */
  readonly address: string;
  readonly multitenancyEnabled: boolean;
  readonly nowMs: number;
  /** Those that the request names. */
  readonly tenants: readonly HomeTenant[];
}

export interface HomeTenant {
  readonly name: string;
  readonly sizeBytes: number;
  readonly blockCount: number;
  /** Unix milliseconds; 0 when nothing has arrived. */
  readonly lastPushMs: number;
  /** Unix milliseconds between which the profiles of `services` lie. */
  readonly fromMs: number;
  readonly untilMs: number;
  /** In the order in which they are shown. */
  readonly services: readonly HomeService[];
}

export interface HomeService {
  readonly name: string;
  readonly profileTypes: readonly string[];
}

/** The page lists no more services of a tenant than this. */
const MAX_SERVICES = 500;

/** The page at `/`: whether the server runs, what has arrived, and where to look. */
export function renderHomePage(model: HomeModel): string {
  const { version, address, ready, reason } = model;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<link rel="icon" href="data:,">
<title>Hearth</title>
<style>${HOME_STYLE}</style>
</head>
<body>
<header><h1>Hearth</h1><span class="state ${ready ? "good" : "bad"}">${ready ? "ready" : "not ready"}</span><span class="version">${escapeHtml(version)}</span></header>
${ready ? "" : `<p class="bad">${escapeHtml(reason ?? "")}</p>`}
<main>
<section><h2>What has arrived</h2>${arrived(model)}</section>
<section><h2>Send a profile</h2>${sending(address, model.multitenancyEnabled)}</section>
<section><h2>Look at it</h2>${looking(address, model.multitenancyEnabled)}</section>
</main>
</body>
</html>
`;
}

function arrived(model: HomeModel): string {
  const { ready, tenants, multitenancyEnabled } = model;
  if (!ready)
    return "<p>Not known while the server is not ready. This page looks again every ten seconds.</p>";
  if (multitenancyEnabled && tenants.length === 0) {
    return "<p>Tenants are kept apart: this page shows what the tenant in the header <code>X-Scope-OrgID</code> of its request has sent.</p>";
  }
  return tenants.map((tenant) => renderTenant(tenant, model)).join("");
}

function renderTenant(tenant: HomeTenant, { multitenancyEnabled, nowMs }: HomeModel): string {
  const title = multitenancyEnabled ? `<h3>Tenant ${escapeHtml(tenant.name)}</h3>` : "";
  if (tenant.lastPushMs === 0) return `${title}<p>Nothing yet. This page looks again every ten seconds.</p>`;
  const facts = [
    `Last push ${ago(nowMs - tenant.lastPushMs)}`,
    `${formatBytes(tenant.sizeBytes)} in ${count(tenant.blockCount, "block")}`,
    count(tenant.services.length, "service"),
  ];
  return `${title}<p class="facts">${facts.join(" · ")}</p>${renderServices(tenant)}`;
}

function renderServices(tenant: HomeTenant): string {
  const rows = tenant.services
    .slice(0, MAX_SERVICES)
    .map(
      ({ name, profileTypes }) =>
        `<tr><th scope="row">${escapeHtml(name)}</th><td>${renderProfileTypes(name, profileTypes, tenant)}</td></tr>`,
    );
  const hidden = tenant.services.length - rows.length;
  return `<table><thead><tr><th>Service</th><th>Profile types</th></tr></thead><tbody>${rows.join("")}</tbody></table>
${hidden > 0 ? `<p class="facts">… and ${hidden} more.</p>` : ""}`;
}

function sending(address: string, multitenancyEnabled: boolean): string {
  const tenant = multitenancyEnabled ? " -H 'X-Scope-OrgID: my-tenant'" : "";
  return `<p>Point a Pyroscope SDK, Grafana Alloy or an OpenTelemetry Collector at <code>${escapeHtml(address)}</code>, or send a pprof profile of the last hour by hand:</p>
<pre>curl${tenant} --data-binary @cpu.pb.gz \\
  '${escapeHtml(address)}/ingest?name=my-service&amp;format=pprof'</pre>`;
}

function looking(address: string, multitenancyEnabled: boolean): string {
  const tenant = multitenancyEnabled ? " --tenant-id my-tenant" : "";
  return `<p>In Grafana, add a data source of the type <em>Grafana Pyroscope</em> with the address <code>${escapeHtml(address)}</code>. On the command line:</p>
<pre>profilecli query profile --url ${escapeHtml(address)}${tenant} --query '{service_name="my-service"}'</pre>
<p>For operators: <a href="ready?verbose">readiness</a>, <a href="metrics">metrics</a>, <a href="metastore-nodes">metastore nodes</a>, <a href="compaction">compaction and retention</a>, <a href="api/v1/status/config">settings</a>, <a href="api/v1/status/buildinfo">version</a>.</p>`;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? "" : "s"}`;
}

function ago(elapsedMs: number): string {
  const seconds = Math.max(0, Math.round(elapsedMs / 1000));
  if (seconds < 90) return `${seconds} s ago`;
  if (seconds < 5400) return `${Math.round(seconds / 60)} min ago`;
  if (seconds < 129_600) return `${Math.round(seconds / 3600)} h ago`;
  return `${Math.round(seconds / 86_400)} days ago`;
}

function formatBytes(bytes: number): string {
  const units = ["B", "KiB", "MiB", "GiB", "TiB"];
  const power = Math.min(units.length - 1, bytes < 1 ? 0 : Math.floor(Math.log2(bytes) / 10));
  return `${(bytes / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${units[power]}`;
}
