import { describe, expect, it } from "@jest/globals";
import { judgeFlag, judgeYamlPath } from "./compat-flags.ts";

describe("a flag of the original that no schema declares", () => {
  it.each([
    "memberlist.join",
    "memberlist.cluster-label",
    "distributor.ring.store",
    "segment-writer.distributor.replication-factor",
    "segment-writer.lifecycler.ID",
    "segment-writer.num-tokens",
    "overrides-exporter.ring.instance-id",
    "store-gateway.sharding-ring.consul.hostname",
    "architecture.storage",
    "ingester.max-global-series-per-tenant",
    "metastore.grpc-client-config.grpc-compression",
    "server.grpc.keepalive.time",
    "server.log-request-headers",
    "storage.s3.bucket-name",
    "metastore.snapshot-compact-on-restore",
    "usage-stats.enabled",
    "config.show_banner",
    "compaction-worker.small-object-size-bytes",
    "compaction-worker.metrics-exporter.rules-source.client-address",
  ])("-%s is ignored", (flag) => {
    expect(judgeFlag(flag, "x")?.type).toBe("ignored");
  });

  it.each([
    { flag: "server.http-tls-cert-path", value: "/cert.pem", want: "refused" },
    { flag: "server.http-tls-cert-path", value: "", want: "ignored" },
    { flag: "metastore.grpc-client-config.tls-enabled", value: "true", want: "refused" },
    { flag: "metastore.grpc-client-config.tls-enabled", value: undefined, want: "refused" },
    { flag: "metastore.grpc-client-config.tls-enabled", value: "false", want: "ignored" },
    { flag: "admin-server.mode", value: "exclusive", want: "refused" },
    { flag: "admin-server.mode", value: "disabled", want: "ignored" },
    { flag: "storage.storage-prefix", value: "a", want: "refused" },
  ])("-$flag=$value, whose loss would be dangerous, is $want", ({ flag, value, want }) => {
    expect(judgeFlag(flag, value)?.type).toBe(want);
  });

  it.each([
    "memberlist",
    "metastore.data-dri",
    "server.http-listen-prot",
    "xmemberlist.join",
    "storage.s4.bucket",
    "compaction-worker.job-concurency",
  ])("-%s is unknown", (flag) => {
    expect(judgeFlag(flag, "x")).toBeUndefined();
  });
});

describe("a key of the original that no schema declares", () => {
  it.each([
    { path: "memberlist", value: { join: ["a"] }, want: "ignored" },
    { path: "segment_writer.lifecycler", value: { ring: {} }, want: "ignored" },
    { path: "storage.s3", value: {}, want: "ignored" },
    { path: "storage.s3.http.idle_conn_timeout", value: "1s", want: "ignored" },
    { path: "limits.max_global_series_per_tenant", value: 5000, want: "ignored" },
    { path: "server.http_tls_config", value: { cert_file: "", client_auth_type: "" }, want: "ignored" },
    { path: "server.http_tls_config", value: { cert_file: "a.pem" }, want: "refused" },
    { path: "memberlists", value: {}, want: undefined },
    { path: "server.nonsense", value: 1, want: undefined },
  ])("$path: $value is $want", ({ path, value, want }) => {
    expect(judgeYamlPath(path, value)?.type).toBe(want);
  });
});
