import type { HearthSettings } from "./settings.ts";

/** A few lines for the person who started the server: where it listens, where the data lie, what to do next. */
export function greeting(
  { storage, metastore, process: own }: Pick<HearthSettings, "storage" | "metastore" | "process">,
  { version, port }: { version: string; port: number },
): string {
  const address = `http://localhost:${port}`;
  if (!own.target.includes("all"))
    return `Hearth ${version}, ${own.target.join(", ")}: listens on ${address}\n`;
  const tenant = own.multitenancyEnabled ? " -H 'X-Scope-OrgID: my-tenant'" : "";
  return [
    `Hearth ${version} listens on ${address}`,
    `  data   profiles in ${storage.filesystemDir}, index in ${metastore.raftDir}`,
    `  send   curl${tenant} --data-binary @cpu.pb.gz '${address}/ingest?name=my-service&format=pprof'`,
    `  look   ${address}/ in a browser, or Grafana with a Pyroscope data source at this address`,
    "  help   npm start -- -help",
    "  stop   Ctrl-C",
    "",
  ].join("\n");
}
