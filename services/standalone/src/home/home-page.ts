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
  readonly tenants: readonly HomeTenant[];
}

export interface HomeTenant {
  readonly name: string;
  readonly sizeBytes: number;
  readonly blockCount: number;
  /** Unix milliseconds; 0 when nothing has arrived. */
  readonly lastPushMs: number;
  readonly services: readonly { readonly name: string; readonly profileTypes: readonly string[] }[];
}

/** The page at `/`: whether the server runs, what has arrived, and where to look. */
export function renderHomePage(model: HomeModel): string {
  const { version, address } = model;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="refresh" content="10">
<title>Hearth</title>
<style>${STYLE}</style>
</head>
<body>
<header><h1>Hearth</h1><span class="state ${model.ready ? "good" : "bad"}">${model.ready ? "ready" : "not ready"}</span><span class="version">${escape(version)}</span></header>
${model.ready ? "" : `<p class="reason">${escape(model.reason ?? "")}</p>`}
<main>
<section><h2>What has arrived</h2>${arrived(model)}</section>
<section><h2>Send a profile</h2>${sending(address, model.multitenancyEnabled)}</section>
<section><h2>Look at it</h2>${looking(address)}</section>
</main>
</body>
</html>
`;
}

function arrived({ tenants, multitenancyEnabled, nowMs }: HomeModel): string {
  if (tenants.length === 0) return "<p>Nothing yet. The page looks again every ten seconds.</p>";
  return tenants.map((tenant) => tenantTable(tenant, multitenancyEnabled, nowMs)).join("");
}

function tenantTable(tenant: HomeTenant, showName: boolean, nowMs: number): string {
  const facts = `last push ${ago(nowMs - tenant.lastPushMs)}, ${formatBytes(tenant.sizeBytes)} in ${tenant.blockCount} ${
    tenant.blockCount === 1 ? "block" : "blocks"
  }`;
  const rows = tenant.services.map(
    ({ name, profileTypes }) =>
      `<tr><td>${escape(name)}</td><td>${profileTypes.map((type) => `<code>${escape(type)}</code>`).join(" ")}</td></tr>`,
  );
  return `${showName ? `<h3>Tenant ${escape(tenant.name)}</h3>` : ""}<p>${facts}</p>
<div class="wide"><table><thead><tr><th>Service</th><th>Profile types</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function sending(address: string, multitenancyEnabled: boolean): string {
  const tenant = multitenancyEnabled ? " -H 'X-Scope-OrgID: my-tenant'" : "";
  return `<p>Point a Pyroscope SDK, Grafana Alloy or an OpenTelemetry Collector at <code>${escape(address)}</code>, or send a Go profile by hand:</p>
<pre>curl${tenant} --data-binary @cpu.pb.gz \\
  '${escape(address)}/ingest?name=my-service&amp;format=pprof'</pre>`;
}

function looking(address: string): string {
  return `<p>In Grafana, add a data source of the type <em>Grafana Pyroscope</em> with the address <code>${escape(address)}</code>. On the command line:</p>
<pre>profilecli query profile --url ${escape(address)} --query '{service_name="my-service"}'</pre>
<p>For operators: <a href="ready?verbose">readiness</a>, <a href="metrics">metrics</a>, <a href="api/v1/status/config">settings</a>, <a href="api/v1/status/buildinfo">version</a>.</p>`;
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

const ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escape(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => ESCAPES[character] ?? character);
}

const STYLE = `
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --accent: #c2571a; }
body { font: 15px/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 60rem; padding: 1rem 1.25rem 3rem; }
header { display: flex; align-items: baseline; gap: .75rem; border-bottom: 1px solid var(--line); }
h1 { margin: .25rem 0; color: var(--accent); } h2 { margin: 1.75rem 0 .25rem; font-size: 1.15rem; }
.state { border-radius: 1rem; padding: 0 .6rem; color: #fff; } .good { background: #2e7d32; } .bad { background: #b3261e; }
.version { margin-left: auto; opacity: .7; }
.wide { overflow-x: auto; } table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-bottom: 1px solid var(--line); }
code, pre { font: 13px/1.45 ui-monospace, monospace; background: var(--soft); border-radius: .25rem; }
code { padding: .05rem .3rem; } pre { padding: .6rem .8rem; overflow-x: auto; } td code { white-space: nowrap; }
.reason { color: #b3261e; }
`;
