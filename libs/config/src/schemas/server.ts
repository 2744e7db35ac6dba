import { defineSettings, setting } from "../setting.ts";

const PORT = { min: 0, max: 65_535 } as const;

export const serverSettings = defineSettings("Server", {
  httpListenAddress: setting.string({
    flag: "server.http-listen-address",
    default: "",
    common: true,
    doc: "Address to listen on for clients. Empty: all addresses.",
  }),
  httpListenPort: setting.int({
    flag: "server.http-listen-port",
    default: 4040,
    ...PORT,
    common: true,
    doc: "Port for clients: HTTP/1.1 and HTTP/2 cleartext, Connect, gRPC, gRPC-Web and REST. 0: any free port.",
  }),
  grpcListenPort: setting.int({
    flag: "server.grpc-listen-port",
    default: 9095,
    ...PORT,
    common: true,
    doc: "Port for calls between the parts. 0: any free port.",
  }),
  httpReadTimeoutMs: setting.durationMs({
    flag: "server.http-read-timeout",
    yaml: "server.http_server_read_timeout",
    default: "30s",
    doc: "How long a client may take to send a request. 0: no limit.",
  }),
  httpWriteTimeoutMs: setting.durationMs({
    flag: "server.http-write-timeout",
    yaml: "server.http_server_write_timeout",
    default: "30s",
    doc: "How long answering a request may take. 0: no limit.",
  }),
  httpIdleTimeoutMs: setting.durationMs({
    flag: "server.http-idle-timeout",
    yaml: "server.http_server_idle_timeout",
    default: "2m",
    doc: "How long a connection without requests is kept.",
  }),
  gracefulShutdownTimeoutMs: setting.durationMs({
    flag: "server.graceful-shutdown-timeout",
    default: "30s",
    doc: "How long running requests may take to end when the process stops.",
  }),
  maxReceivedMessageBytes: setting.sizeBytes({
    flag: "server.grpc-max-recv-msg-size-bytes",
    yaml: "server.grpc_server_max_recv_msg_size",
    default: 104_857_600,
    min: 1,
    doc: "Largest message that is accepted over Connect and gRPC, after decompression.",
  }),
  maxSentMessageBytes: setting.sizeBytes({
    flag: "server.grpc-max-send-msg-size-bytes",
    yaml: "server.grpc_server_max_send_msg_size",
    default: 104_857_600,
    min: 1,
    doc: "Largest message that is sent over Connect and gRPC.",
  }),
  maxConcurrentStreams: setting.int({
    flag: "server.grpc-max-concurrent-streams",
    yaml: "server.grpc_server_max_concurrent_streams",
    default: 100,
    min: 1,
    doc: "Requests that may run at once on one HTTP/2 connection.",
  }),
  minTimeBetweenPingsMs: setting.durationMs({
    flag: "server.grpc.keepalive.min-time-between-pings",
    yaml: "server.grpc_server_min_time_between_pings",
    default: "1s",
    doc: "A client that sends HTTP/2 pings more often is disconnected.",
  }),
  pathPrefix: setting.string({
    flag: "server.path-prefix",
    yaml: "server.http_path_prefix",
    default: "",
    doc: "Path below which everything is served, such as /hearth.",
  }),
  baseUrl: setting.string({
    flag: "api.base-url",
    yaml: "api.base-url",
    yamlAliases: ["api.base_url"],
    default: "",
    doc: "Path that a reverse proxy puts in front of the pages, without passing it on.",
  }),
  registerInstrumentation: setting.bool({
    flag: "server.register-instrumentation",
    default: true,
    doc: "Serve /metrics and /debug/pprof.",
  }),
});
