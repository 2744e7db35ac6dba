import { describe, expect, it } from "@jest/globals";
import { renderHomePage, type HomeModel, type HomeTenant } from "./home-page.ts";

const NONE: HomeTenant = {
  name: "anonymous",
  sizeBytes: 0,
  blockCount: 0,
  lastPushMs: 0,
  fromMs: 0,
  untilMs: 0,
  services: [],
};
const SOME: HomeTenant = {
  ...NONE,
  sizeBytes: 2048,
  blockCount: 1,
  lastPushMs: 7000,
  fromMs: 1000,
  untilMs: 6000,
  services: [{ name: "shop", profileTypes: ["process_cpu:cpu:nanoseconds:cpu:nanoseconds"] }],
};
const EMPTY: HomeModel = {
  version: "0.1.0",
  ready: true,
  reason: undefined,
  address: "http://localhost:4040",
  multitenancyEnabled: false,
  nowMs: 10_000,
  tenants: [NONE],
};
const FILLED: HomeModel = { ...EMPTY, tenants: [SOME] };
const TENANTS: HomeModel = { ...EMPTY, multitenancyEnabled: true, tenants: [] };

function withServices(...services: HomeTenant["services"]): HomeModel {
  return { ...EMPTY, tenants: [{ ...SOME, services }] };
}

describe("home page", () => {
  it.each([
    { name: "says that it runs", model: EMPTY, shows: ">ready<" },
    {
      name: "says why it is not ready",
      model: { ...EMPTY, ready: false, reason: "metastore: recovering" },
      shows: "metastore: recovering",
    },
    { name: "says that nothing has arrived", model: EMPTY, shows: "Nothing yet" },
    {
      name: "claims nothing about data while it is not ready",
      model: { ...EMPTY, ready: false, reason: "metastore: recovering", tenants: [] },
      shows: "Not known while the server is not ready",
    },
    { name: "shows services", model: FILLED, shows: '<th scope="row">shop</th>' },
    {
      name: "shows profile types",
      model: FILLED,
      shows: 'title="process_cpu:cpu:nanoseconds:cpu:nanoseconds">cpu</a>',
    },
    {
      name: "links a profile type to its flame graph",
      model: FILLED,
      shows:
        'href="pyroscope/render?query=process_cpu%3Acpu%3Ananoseconds%3Acpu%3Ananoseconds%7Bservice_name%3D%22shop%22%7D&amp;from=1000&amp;until=6000"',
    },
    {
      name: "writes a profile type in full where its short name would stand for two",
      model: withServices({ name: "shop", profileTypes: ["memory:inuse:bytes:a:b", "memory:inuse:bytes::"] }),
      shows: ">memory:inuse:bytes::</a>",
    },
    {
      name: "writes in full what is no profile type",
      model: withServices({ name: "shop", profileTypes: ["odd"] }),
      shows: ">odd</a>",
    },
    {
      name: "shows the last push",
      model: FILLED,
      shows: "Last push 3 s ago · 2.0 KiB in 1 block · 1 service",
    },
    {
      name: "says how many services it leaves out",
      model: withServices(
        ...Array.from({ length: 502 }, (_, index) => ({ name: `s${index}`, profileTypes: [] })),
      ),
      shows: "… and 2 more.",
    },
    {
      name: "names the tenant when they are kept apart",
      model: { ...FILLED, multitenancyEnabled: true },
      shows: "Tenant anonymous",
    },
    {
      name: "shows nobody's data to a request that names no tenant",
      model: TENANTS,
      shows: "what the tenant in the header",
    },
    {
      name: "tells how to send with a tenant",
      model: TENANTS,
      shows: "-H 'X-Scope-OrgID: my-tenant'",
    },
    { name: "tells how to ask with a tenant", model: TENANTS, shows: "--tenant-id my-tenant" },
    {
      name: "shows its own address",
      model: { ...EMPTY, address: "http://hearth:80" },
      shows: "http://hearth:80/ingest",
    },
  ])("$name", ({ model, shows }) => {
    expect(renderHomePage(model)).toContain(shows);
  });

  it("writes what was pushed as text, never as markup", () => {
    const page = renderHomePage(withServices({ name: `<script>"'&`, profileTypes: ['"><b>:<i>'] }));
    expect(page).toContain("&lt;script&gt;&quot;&#39;&amp;");
    expect(page).not.toContain("<script>");
    expect(page).not.toContain("<b>");
    expect(page).not.toContain("<i>");
  });
});
