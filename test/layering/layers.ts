/**
 * Which libraries there are, and who may import whom: a package imports its own layer and those before it. Services
 * stand on all of them but the last; `testing` is for tests. This is the one place where the order is written down.
 */
export const LAYERS = {
  base: ["arena", "errors", "proto", "runtime"],
  domain: [
    "block",
    "deletions",
    "exact-integers",
    "labels",
    "otlp",
    "placement",
    "pprof",
    "raft",
    "profile",
    "protobuf-wire",
    "query-plan",
    "series-index",
    "symbols",
    "tree",
  ],
  io: [
    "clients",
    "config",
    "kv-store",
    "object-store",
    "rpc",
    "server",
    "telemetry",
    "tenancy",
    "tenant-limits",
    "worker-pool",
  ],
  test: ["testing"],
} as const satisfies Record<string, readonly string[]>;

export type Layer = keyof typeof LAYERS;

/** The one service that may import services. */
export const COMPOSITION_ROOT = "standalone";

/** Computation without waiting: what the domain layer may have of Node. */
export const NODE_MODULES_OF_THE_DOMAIN = [
  "node:assert",
  "node:buffer",
  "node:crypto",
  "node:util",
  "node:zlib",
];

/** May be imported by any test without being declared by its package: the root's package.json has them. */
export const TOOLS_OF_TESTS = ["@jest/globals", "fast-check"];

/** Where time, chance, timers, the environment and the terminal are product code's own business, and why. */
export const AMBIENT_EXCEPTIONS: readonly { readonly path: RegExp; readonly reason: string }[] = [
  { path: /^libs\/runtime\/src\//u, reason: "it is what hands them to all others" },
  { path: /^libs\/testing\/src\//u, reason: "runs in tests only" },
  {
    path: /^services\/[\w-]+\/src\/(?:main|delete-profiles|rebuild-index|recover-metastore)\.ts$/u,
    reason: "a process begins there: it reads its environment",
  },
];
