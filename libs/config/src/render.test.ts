import { describe, expect, it } from "@jest/globals";
import { loadSettings } from "./load.ts";
import { settingsReference } from "./reference.ts";
import { renderSettings } from "./render.ts";
import { sharedSchemas } from "./schemas/shared-schemas.ts";
import { defaultsOf, defineSettings, setting } from "./setting.ts";

const schemas = {
  server: defineSettings("Server", {
    port: setting.int({ flag: "server.port", default: 4040, doc: "Port." }),
    timeoutMs: setting.durationMs({ flag: "server.timeout", default: "1m30s", doc: "Time out." }),
    parts: setting.list({ flag: "target", default: ["all"], doc: "Parts." }),
  }),
  storage: defineSettings("Storage", {
    key: setting.secret({ flag: "storage.key", default: "", doc: "Key." }),
    verbose: setting.bool({ flag: "storage.verbose", yaml: false, default: false, doc: "Only a flag." }),
  }),
};
const settings = {
  server: { port: 1, timeoutMs: 90_000, parts: ["all"] },
  storage: { key: "s3cret", verbose: false },
};

describe("settings as YAML", () => {
  it.each([
    {
      mode: "current",
      want: 'server:\n  port: 1\n  timeout: 1m30s\ntarget: all\nstorage:\n  key: "********"\n',
    },
    { mode: "diff", want: 'server:\n  port: 1\nstorage:\n  key: "********"\n' },
    { mode: "default", want: 'server:\n  port: 4040\n  timeout: 1m30s\ntarget: all\nstorage:\n  key: ""\n' },
  ] as const)("$mode", ({ mode, want }) => {
    expect(renderSettings(schemas, settings, mode)).toBe(want);
  });

  it("can be given back as the configuration file", () => {
    const changed = {
      ...Object.fromEntries(
        Object.entries(sharedSchemas).map(([name, schema]) => [name, defaultsOf(schema as never)]),
      ),
      server: {
        ...defaultsOf(sharedSchemas.server),
        httpListenPort: 1,
        httpReadTimeoutMs: 1500,
        baseUrl: "/h",
      },
    } as Parameters<typeof renderSettings<typeof sharedSchemas>>[1];
    const file = renderSettings(sharedSchemas, changed, "current");
    const outcome = loadSettings(sharedSchemas, {
      argv: ["-config.file=x"],
      env: {},
      readFile: () => file,
      versionText: "",
      modulesText: "",
    });
    expect(outcome).toMatchObject({ type: "run", settings: changed, warnings: [] });
  });
});

describe("the reference", () => {
  it("has a list for each schema with every name of each setting", () => {
    expect(settingsReference(schemas)).toContain(`
## Server

- \`-server.port\` (int, default \`4040\`): Port.
  Also \`HEARTH_SERVER_PORT\`, \`server.port\`.
- \`-server.timeout\` (duration, default \`1m30s\`): Time out.
  Also \`HEARTH_SERVER_TIMEOUT\`, \`server.timeout\`.
- \`-target\` (list, default \`all\`): Parts.
  Also \`HEARTH_TARGET\`, \`target\`.

## Storage

- \`-storage.key\` (string): Key.
  Also \`HEARTH_STORAGE_KEY\`, \`storage.key\`.
- \`-storage.verbose\` (bool, default \`false\`): Only a flag.
  Also \`HEARTH_STORAGE_VERBOSE\`.
`);
  });
});

describe("shared settings", () => {
  it("check what does not go together", () => {
    const storage = defaultsOf(sharedSchemas.storage);
    expect(sharedSchemas.storage.check(storage)).toEqual([]);
    expect(sharedSchemas.storage.check({ ...storage, prefix: "a/../b" })).toHaveLength(1);
    expect(sharedSchemas.storage.check({ ...storage, prefix: "a b" })).toHaveLength(1);
  });
});
