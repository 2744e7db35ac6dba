/**
 * Settings of the original that have no meaning here. Existing command lines, charts and configuration files give them,
 * so they are accepted with a warning; those whose silent loss would be dangerous are refused unless they are off.
 * A setting that some schema declares is never looked up here.
 *
 * Patterns: `*` is any text, `{a,b}` is either. A pattern for YAML also covers what is below its path.
 */
interface CompatRule {
  readonly reason: string;
  readonly flags: readonly string[];
  readonly yaml: readonly string[];
}

const IGNORED: readonly CompatRule[] = [
  {
    reason: "since members are found by address, DNS and health checks, not by gossip and rings",
    flags: [
      "{memberlist,consul,etcd,multi,ring,overrides-exporter}.*",
      "*.{ring,sharding-ring,consul,etcd,multi,lifecycler}.*",
      "segment-writer.{num-tokens,heartbeat-period,heartbeat-timeout,observe-period,join-after,final-sleep}",
      "segment-writer.{tokens-file-path,unregister-on-shutdown,readiness-check-ring-health,availability-zone}",
      "segment-writer.{enable-inet6,prefix,store,min-ready-duration}",
      "*distributor.{excluded-zones,replication-factor,zone-awareness-enabled}",
      "distributor.{client-cleanup-period,health-check-ingesters,health-check-timeout}",
    ],
    yaml: [
      "{memberlist,overrides_exporter}",
      "*.{ring,kvstore,pool_config}",
      "segment_writer.lifecycler",
      "distributor.{replication_factor,zone_awareness_enabled}",
    ],
  },
  {
    reason: "since there is one storage architecture",
    flags: [
      "{ingester,compactor,store-gateway,query-scheduler,pyroscopedb,blocks-storage}.*",
      "querier.{client-cleanup-period,frontend-client.*,health-check-ingesters,health-check-timeout}",
      "querier.{id,max-concurrent,query-store-after}",
      "query-frontend.{instance-*,scheduler-*,grpc-client-config.*}",
      "{architecture.storage,write-path,write-path.ingester-weight,write-path.segment-writer-weight}",
      "{enable-query-backend,enable-query-backend-from}",
      "querier.{max-query-parallelism,split-queries-by-interval}",
      "validation.enforce-labels-order",
    ],
    yaml: [
      "{ingester,compactor,store_gateway,query_scheduler,pyroscopedb,querier,frontend_worker}",
      "frontend.{instance_*,scheduler_*,address}",
      "architecture_storage",
      "limits.{max_local_series_per_tenant,max_global_series_per_tenant,store_gateway_*,compactor_*}",
      "limits.{max_query_parallelism,split_queries_by_interval,enforce_labels_order}",
      "limits.{write_path,write_path_ingester_weight,write_path_segment_writer_weight,enable_query_backend*}",
    ],
  },
  {
    reason: "since connections are handled differently here",
    flags: [
      "server.{grpc.*,throughput.*,cluster-validation.*,log-*,trace-*}",
      "server.{http,grpc}-{listen-network,conn-limit}",
      "server.{grpc-listen-address,grpc-collect-max-streams-by-conn,create-new-traces,http-read-header-timeout}",
      "server.{http-log-closed-connections-without-response-enabled,tls-cipher-suites,tls-min-version}",
      "server.report-grpc-codes-in-instrumentation-label-enabled",
      "*.grpc-client-config.*",
      "{metastore,segment-writer,query-backend}.{grpc-max-recv-msg-size,grpc-compression,connect-timeout,backoff-*}",
      "runtime-config.http-client-*",
    ],
    yaml: [
      "server.{grpc_server_*,grpc_collect_*,grpc_listen_*,http_listen_network,http_listen_conn_limit}",
      "server.{cluster_validation,create_new_traces,log_source_*,log_request_*,trace_request_*}",
      "server.{http_server_read_header_timeout,http_log_closed_connections_without_response_enabled}",
      "server.{report_grpc_codes_in_instrumentation_label_enabled,tls_cipher_suites,tls_min_version}",
      "*.grpc_client_config",
      "runtime_config.http_client_*",
    ],
  },
  {
    reason: "since the metastore keeps its index in memory and its log in a store of its own",
    flags: [
      "metastore.index.{shard-cache-size,block-write-cache-size,block-read-cache-size}",
      "metastore.raft.{wal-cache-entries,log-index-check-interval,read-index-max-distance}",
      "metastore.raft.transport-conn-pool-size",
      "metastore.{snapshot-compact-on-restore,snapshot-rate-limit}",
    ],
    yaml: [
      "metastore.index.{shard_cache_size,block_write_cache_size,block_read_cache_size}",
      "metastore.raft.{wal_cache_entries,log_index_check_interval,read_index_max_distance}",
      "metastore.raft.transport_conn_pool_size",
      "metastore.{snapshot_compact_on_restore,snapshot_rate_limit}",
    ],
  },
  {
    reason: "since jobs of compaction carry the metadata of their blocks, which are read dataset by dataset",
    flags: ["compaction-worker.{small-object-size-bytes,metadata-source,metadata-fetch-timeout}"],
    yaml: ["compaction_worker.{small_object_size_bytes,metadata_source,metadata_fetch_timeout}"],
  },
  {
    reason: "since the part that it configures is not there yet",
    flags: [
      "storage.{s3,gcs,azure,swift,cos}.*",
      "{symbolizer,valdation.symbolizer,debug-info,tenant-settings,recording-rules}.*",
      "compaction-worker.metrics-exporter.*",
      "{admin-server.http-listen-address,admin-server.http-listen-port,embedded-grafana.*}",
      "adaptive-placement.{export-*,placement-rules-*,stats-*}",
      "metastore.index.{cleanup-grace-period,cleanup-interval,cleanup-max-partitions,dlq-recovery-check-interval}",
      "metastore.raft.{advertise-address,apply-timeout,auto-join,bootstrap-*,log-store-timeout}",
      "metastore.raft.{server-id,snapshots-import-dir,snapshot-interval,snapshot-threshold,snapshots-retain}",
      "metastore.raft.{trailing-logs,transport-timeout}",
      "metastore.{snapshot-compression,min-ready-duration}",
      "segment-writer.{bucket-health-check-*,flush-concurrency}",
      "query-frontend.async-queries-enabled",
      "self-profiling.{block-profile-rate,mutex-profile-fraction,use-k6-middleware,tenant-id}",
      "tracing.profiling-enabled",
    ],
    yaml: [
      "storage.{s3,gcs,azure,swift,cos}",
      "{symbolizer,tenant_settings,compaction_worker.metrics_exporter,embedded_grafana}",
      "admin_server.{http_listen_address,http_listen_port}",
      "adaptive_placement.{export_*,placement_rules_*,stats_*}",
      "metastore.index.{cleanup_grace_period,cleanup_interval,cleanup_max_partitions}",
      "metastore.index.dlq_recovery_check_interval",
      "metastore.raft.{advertise_address,apply_timeout,auto_join,bind_address,bootstrap_*,log_store_timeout}",
      "metastore.raft.{server_id,snapshots_import_dir,snapshot_interval,snapshot_threshold,snapshots_retain}",
      "metastore.raft.{trailing_logs,transport_timeout}",
      "metastore.{snapshot_compression,min_ready_duration}",
      "segment_writer.{bucket_health_check_*,flush_concurrency}",
      "frontend.async_queries_enabled",
      "self_profiling.{block_profile_rate,mutex_profile_fraction,use_k6_middleware,tenant_id}",
      "tracing.profiling_enabled",
      "distributor.{debug_info,adaptive_placement}",
      "limits.{s3_sse_*,recording_rules,max_recording_rules}",
    ],
  },
  {
    reason: "since what waits to be compacted is never dropped, and blocks of every level are deleted alike",
    flags: ["metastore.compaction-max-job-queue-size"],
    yaml: ["metastore.{compaction_max_job_queue_size,cleanupjobminlevel,cleanupjobmaxlevel}"],
  },
  {
    reason: "since nothing is reported home and no banner is shown",
    flags: ["{usage-stats.*,config.show_banner}"],
    yaml: ["{analytics,show_banner}"],
  },
];

const REFUSED: readonly CompatRule[] = [
  {
    reason: "TLS is not there yet: put a proxy in front",
    flags: ["server.{http,grpc}-tls-*", "*.tls-*"],
    yaml: ["server.{http,grpc}_tls_config", "*.tls_*"],
  },
  {
    reason: "the PROXY protocol is not spoken",
    flags: ["server.proxy-protocol-enabled"],
    yaml: ["server.proxy_protocol_enabled"],
  },
  {
    reason: "there is no admin port yet: admin routes are on the main one",
    flags: ["admin-server.mode"],
    yaml: ["admin_server.mode"],
  },
  {
    reason: "give -storage.prefix",
    flags: ["storage.storage-prefix"],
    yaml: ["storage.storage_prefix"],
  },
];

/** What becomes of a setting that no schema knows. */
export type CompatVerdict =
  | { readonly type: "ignored"; readonly reason: string }
  | { readonly type: "refused"; readonly reason: string };

/** @returns `undefined` if the original does not know the flag either. */
export function judgeFlag(name: string, value: string | undefined): CompatVerdict | undefined {
  return judge(name, value ?? "true", { refused: REFUSED_FLAGS, ignored: IGNORED_FLAGS });
}

/** @param value - what stands at the path, as plain data. */
export function judgeYamlPath(path: string, value: unknown): CompatVerdict | undefined {
  return judge(path, value, { refused: REFUSED_YAML, ignored: IGNORED_YAML });
}

type CompiledRules = readonly { readonly pattern: RegExp; readonly reason: string }[];

const IGNORED_FLAGS = compile(IGNORED, "flags");
const IGNORED_YAML = compile(IGNORED, "yaml");
const REFUSED_FLAGS = compile(REFUSED, "flags");
const REFUSED_YAML = compile(REFUSED, "yaml");

function judge(
  name: string,
  value: unknown,
  rules: { refused: CompiledRules; ignored: CompiledRules },
): CompatVerdict | undefined {
  const refused = rules.refused.find((rule) => rule.pattern.test(name));
  if (refused !== undefined) return { type: isOff(value) ? "ignored" : "refused", reason: refused.reason };
  const ignored = rules.ignored.find((rule) => rule.pattern.test(name));
  return ignored && { type: "ignored", reason: ignored.reason };
}

function isOff(value: unknown): boolean {
  if (typeof value === "object" && value !== null) return Object.values(value).every(isOff);
  return ["", "false", "disabled", "null", "undefined"].includes(String(value));
}

function compile(rules: readonly CompatRule[], names: "flags" | "yaml"): CompiledRules {
  return rules.map((rule) => ({
    reason: rule.reason,
    pattern: patternOf(rule[names], names === "yaml" ? "(?:\\..*)?" : ""),
  }));
}

function patternOf(patterns: readonly string[], tail: string): RegExp {
  const sources = patterns.map((pattern) =>
    pattern
      .replaceAll(".", "\\.")
      .replaceAll("*", ".*")
      .replaceAll("{", "(?:")
      .replaceAll("}", ")")
      .replaceAll(",", "|"),
  );
  return new RegExp(`^(?:${sources.join("|")})${tail}$`, "u");
}
