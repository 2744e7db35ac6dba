import { describe, expect, it } from "@jest/globals";
import { z } from "zod";
import { loadSettings, SettingsError, type LoadInput } from "./load.ts";
import { defineSettings, setting } from "./setting.ts";

const schemas = {
  server: defineSettings("Server", {
    port: setting.int({
      flag: "server.http-listen-port",
      default: 4040,
      max: 65_535,
      common: true,
      doc: "Port.",
    }),
    timeoutMs: setting.durationMs({
      flag: "server.http-read-timeout",
      yaml: "server.http_server_read_timeout",
      default: "30s",
      doc: "Time-out.",
    }),
    instrumented: setting.bool({ flag: "server.register-instrumentation", default: true, doc: "Metrics." }),
  }),
  storage: defineSettings(
    "Storage",
    {
      dir: setting.string({ flag: "storage.filesystem.dir", default: "./data", doc: "Directory." }),
      key: setting.secret({ flag: "storage.key", default: "", doc: "Key." }),
      odd: setting.int({
        flag: "segment-writer.upload-max-retries",
        yaml: "segment_writer.upload_max_retries",
        yamlAliases: ["segment_writer.upload-retry_max_retries"],
        default: 3,
        doc: "Retries.",
      }),
      symbolBytes: setting.sizeBytes({
        flag: "symbolizer.max-symbol-size-bytes",
        flagAliases: ["valdation.symbolizer.max-symbol-size-bytes"],
        default: 1,
        doc: "Size.",
      }),
      rules: setting.structured({
        yaml: "limits.rules",
        default: [],
        schema: z.array(z.strictObject({ action: z.string() })),
        doc: "Rules.",
      }),
    },
    ({ dir }) => (dir === "" ? ["-storage.filesystem.dir must not be empty"] : []),
  ),
};

function load(given: { argv?: string[]; env?: Record<string, string>; file?: string }) {
  const input: LoadInput = {
    argv: [...(given.file === undefined ? [] : ["-config.file=hearth.yaml"]), ...(given.argv ?? [])],
    env: given.env ?? {},
    readFile(path) {
      if (path === "hearth.yaml" && given.file !== undefined) return given.file;
      throw new Error(`no such file: ${path}`);
    },
    versionText: "hearth 1.2.3\n",
    modulesText: "all\n",
  };
  return loadSettings(schemas, input);
}

function settingsFrom(given: Parameters<typeof load>[0]) {
  const outcome = load(given);
  if (outcome.type !== "run") throw new Error(`printed instead: ${outcome.text}`);
  return { ...outcome.settings.server, ...outcome.settings.storage, warnings: outcome.warnings };
}

function problemsFrom(given: Parameters<typeof load>[0]): readonly string[] {
  try {
    load(given);
  } catch (error) {
    if (error instanceof SettingsError) return error.problems;
    throw error;
  }
  return [];
}

const defaults = {
  port: 4040,
  timeoutMs: 30_000,
  instrumented: true,
  dir: "./data",
  key: "",
  odd: 3,
  symbolBytes: 1,
  rules: [],
  warnings: [],
};

describe("where a setting can be given", () => {
  it.each([
    { name: "nowhere: its default", given: {}, want: {} },
    { name: "a flag with =", given: { argv: ["-server.http-listen-port=1"] }, want: { port: 1 } },
    { name: "a flag with two dashes", given: { argv: ["--server.http-listen-port=1"] }, want: { port: 1 } },
    {
      name: "a flag and its value apart",
      given: { argv: ["-server.http-listen-port", "1"] },
      want: { port: 1 },
    },
    {
      name: "a value that begins with a dash",
      given: { argv: ["-storage.key", "-x"] },
      want: { key: "-x" },
    },
    { name: "a value that holds =", given: { argv: ["-storage.key=a=b"] }, want: { key: "a=b" } },
    { name: "an empty value", given: { argv: ["-storage.key="] }, want: { key: "" } },
    {
      name: "a switch takes no value",
      given: { argv: ["-server.register-instrumentation", "-storage.key=k"] },
      want: { instrumented: true, key: "k" },
    },
    {
      name: "a switch is turned off",
      given: { argv: ["-server.register-instrumentation=false"] },
      want: { instrumented: false },
    },
    {
      name: "a flag twice: the last",
      given: { argv: ["-storage.key=a", "-storage.key=b"] },
      want: { key: "b" },
    },
    {
      name: "a flag's old spelling",
      given: { argv: ["-valdation.symbolizer.max-symbol-size-bytes=2KiB"] },
      want: { symbolBytes: 2048 },
    },
    { name: "the environment", given: { env: { HEARTH_SERVER_HTTP_LISTEN_PORT: "2" } }, want: { port: 2 } },
    { name: "others' variables do not matter", given: { env: { SERVER_HTTP_LISTEN_PORT: "2" } }, want: {} },
    {
      name: "the variables that Kubernetes adds for services do not matter",
      given: {
        env: {
          HEARTH_PORT: "tcp://10.0.0.1:4040",
          HEARTH_SERVICE_HOST: "10.0.0.1",
          HEARTH_SERVICE_PORT_HTTP2: "4040",
          HEARTH_METASTORE_PORT_9095_TCP_ADDR: "10.0.0.2",
        },
      },
      want: {},
    },
    { name: "the file", given: { file: "server:\n  http_listen_port: 3\n" }, want: { port: 3 } },
    {
      name: "the file's own spelling",
      given: { file: "server: { http_server_read_timeout: 1m }" },
      want: { timeoutMs: 60_000 },
    },
    {
      name: "the file's odd spelling",
      given: { file: "segment_writer:\n  upload-retry_max_retries: 5\n" },
      want: { odd: 5 },
    },
    {
      name: "a structure in the file",
      given: { file: "limits: { rules: [{ action: drop }] }" },
      want: { rules: [{ action: "drop" }] },
    },
    {
      name: "an anchor in the file",
      given: { file: "storage: { filesystem: { dir: &d /srv }, key: *d }" },
      want: { dir: "/srv", key: "/srv" },
    },
    {
      name: "a text in the file as it stands there",
      given: { file: "storage: { key: 012345678901234567890 }" },
      want: { key: "012345678901234567890" },
    },
    {
      name: "empty values and sections in the file",
      given: { file: "server:\nstorage:\n  key:\n" },
      want: {},
    },
    { name: "an empty file", given: { file: "" }, want: {} },
    { name: "a file of comments", given: { file: "# nothing\n" }, want: {} },
  ])("$name", ({ given, want }) => {
    expect(settingsFrom(given)).toEqual({ ...defaults, ...want });
  });
});

describe("precedence", () => {
  const file = "server: { http_listen_port: 1 }";
  const env = { HEARTH_SERVER_HTTP_LISTEN_PORT: "2" };
  const argv = ["-server.http-listen-port=3"];
  it.each([
    { name: "the file over the default", given: { file }, want: 1 },
    { name: "the environment over the file", given: { file, env }, want: 2 },
    { name: "a flag over the environment", given: { file, env, argv }, want: 3 },
    { name: "a flag over the file", given: { file, argv }, want: 3 },
  ])("$name", ({ given, want }) => {
    expect(settingsFrom(given).port).toBe(want);
  });

  it("lets the environment name the file", () => {
    const outcome = loadSettings(schemas, {
      argv: [],
      env: { HEARTH_CONFIG_FILE: "a.yaml" },
      readFile: (path) => (path === "a.yaml" ? file : ""),
      versionText: "",
      modulesText: "",
    });
    expect(outcome).toMatchObject({ type: "run", settings: { server: { port: 1 } } });
  });
});

describe("-config.expand-env", () => {
  const file =
    "storage: { key: '${KEY}', filesystem: { dir: '${DIR:-/srv}/a' } }\nlimits: { rules: [{ action: '$1${1}' }] }";
  const env = { KEY: "s3cret" };

  it("replaces variables, with defaults, and leaves the groups of regular expressions", () => {
    expect(settingsFrom({ file, env, argv: ["-config.expand-env"] })).toMatchObject({
      key: "s3cret",
      dir: "/srv/a",
      rules: [{ action: "$1${1}" }],
    });
  });

  it("is off unless asked for", () => {
    expect(settingsFrom({ file, env }).key).toBe("${KEY}");
  });
});

describe("what is wrong is said, all at once", () => {
  it.each([
    {
      name: "a bad flag",
      given: { argv: ["-server.http-listen-port=x"] },
      want: ['-server.http-listen-port must be an integer, not "x"'],
    },
    {
      name: "a bad variable",
      given: { env: { HEARTH_SERVER_HTTP_READ_TIMEOUT: "5" } },
      want: ['HEARTH_SERVER_HTTP_READ_TIMEOUT must be a duration, such as 1h30m, 500ms or 7d, not "5"'],
    },
    {
      name: "a misspelt flag",
      given: { argv: ["-server.http-listen-prot=1"] },
      want: ["unknown setting -server.http-listen-prot (did you mean -server.http-listen-port?)"],
    },
    { name: "a flag like nothing else", given: { argv: ["-q", "1"] }, want: ["unknown setting -q"] },
    {
      name: "an argument that is no flag",
      given: { argv: ["serve"] },
      want: ['unexpected argument: "serve"'],
    },
    {
      name: "a flag without its value",
      given: { argv: ["-storage.key"] },
      want: ["-storage.key needs a value"],
    },
    {
      name: "a misspelt variable",
      given: { env: { HEARTH_STORAGE_KEYS: "x" } },
      want: ["unknown setting HEARTH_STORAGE_KEYS (did you mean HEARTH_STORAGE_KEY?)"],
    },
    {
      name: "an unknown key in the file",
      given: { file: "server:\n  http_listen_port: 1\n  http_listen_prot: 1\n" },
      want: ["hearth.yaml:3:3: unknown key server.http_listen_prot (did you mean server.http_listen_port?)"],
    },
    {
      name: "an unknown section in the file",
      given: { file: "\nno_such_thing: {}\n" },
      want: ["hearth.yaml:2:1: unknown key no_such_thing"],
    },
    {
      name: "an unknown key in an unknown section",
      given: { file: "no_such: { thing: 1 }\n" },
      want: ["hearth.yaml:1:12: unknown key no_such.thing"],
    },
    {
      name: "TLS, which would not be there",
      given: { file: "server: { http_tls_config: { cert_file: a.pem } }" },
      want: [
        "hearth.yaml:1:11: server.http_tls_config is not supported: TLS is not there yet: put a proxy in front",
      ],
    },
    {
      name: "a bad value in the file",
      given: { file: "server:\n  http_listen_port: 70000\n" },
      want: ["hearth.yaml:2:21: server.http_listen_port must be at most 65535"],
    },
    {
      name: "a section that is none",
      given: { file: "server: 5\n" },
      want: ["hearth.yaml:1:9: server must be a mapping"],
    },
    {
      name: "a structure that does not fit",
      given: { file: "limits: { rules: [{ acton: drop }] }" },
      want: [
        "hearth.yaml:1:18: limits.rules 0.action: Invalid input: expected string, received undefined; " +
          '0: Unrecognized key: "acton"',
      ],
    },
    {
      name: "a key twice",
      given: { file: "server: {}\nserver: {}\n" },
      want: ["hearth.yaml:2:1: Map keys must be unique"],
    },
    {
      name: "a file that is a list",
      given: { file: "- a\n" },
      want: ["hearth.yaml:1:1: the file must be a mapping"],
    },
    {
      name: "a file that is not there",
      given: { argv: ["-config.file=other.yaml"] },
      want: ["-config.file cannot be read: no such file: other.yaml"],
    },
    {
      name: "values that do not go together",
      given: { argv: ["-storage.filesystem.dir="] },
      want: ["-storage.filesystem.dir must not be empty"],
    },
    {
      name: "several",
      given: { argv: ["-a", "-server.http-listen-port=x"], env: { HEARTH_B: "" }, file: "c: 1" },
      want: [
        "unknown setting -a",
        '-server.http-listen-port must be an integer, not "x"',
        "unknown setting HEARTH_B",
        "hearth.yaml:1:1: unknown key c",
      ],
    },
  ])("$name", ({ given, want }) => {
    expect(problemsFrom(given)).toEqual(want);
  });
});

describe("settings that mean nothing here", () => {
  it.each([
    {
      name: "flags, one warning for each reason",
      given: {
        argv: [
          "-memberlist.bind-port=7946",
          "-memberlist.abort-if-join-fails",
          "-usage-stats.enabled",
          "false",
        ],
      },
      want: [
        "settings without effect, since members are found by address, DNS and health checks, not by gossip and rings: " +
          "-memberlist.bind-port, -memberlist.abort-if-join-fails",
        "settings without effect, since nothing is reported home and no banner is shown: -usage-stats.enabled",
      ],
    },
    {
      name: "a section that holds nothing else",
      given: { file: "frontend: { address: a, grpc_client_config: { max_recv_msg_size: 1 } }" },
      want: [
        "settings without effect, since there is one storage architecture: frontend.address",
        "settings without effect, since connections are handled differently here: frontend.grpc_client_config",
      ],
    },
    {
      name: "sections of the file",
      given: { file: "memberlist: { join: [a, b] }\nanalytics: { reporting_enabled: false }" },
      want: [
        "settings without effect, since members are found by address, DNS and health checks, not by gossip and rings: memberlist",
        "settings without effect, since nothing is reported home and no banner is shown: analytics",
      ],
    },
  ])("are accepted with a warning: $name", ({ given, want }) => {
    expect(settingsFrom(given).warnings).toEqual(want);
  });
});

describe("texts instead of a start", () => {
  it.each([
    { flag: "-version", want: "hearth 1.2.3\n" },
    { flag: "--modules", want: "all\n" },
  ])("$flag", ({ flag, want }) => {
    expect(load({ argv: [flag] })).toEqual({ type: "print", text: want });
  });

  it("-help has the common flags with their defaults, even when another flag is wrong", () => {
    const outcome = load({ argv: ["-help", "-nonsense"] });
    expect(outcome).toMatchObject({
      type: "print",
      text: expect.stringContaining("-server.http-listen-port int\n    \tPort. (default 4040)\n"),
    });
    expect(outcome).not.toMatchObject({ text: expect.stringContaining("-storage.key") });
  });

  it("-help-all has all", () => {
    expect(load({ argv: ["-help-all"] })).toMatchObject({
      text: expect.stringContaining("-storage.key string\n    \tKey.\n"),
    });
  });
});
