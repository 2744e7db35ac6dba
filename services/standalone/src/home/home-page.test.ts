import { describe, expect, it } from "@jest/globals";
import { renderHomePage, type HomeModel } from "./home-page.ts";

const EMPTY: HomeModel = {
  version: "0.1.0",
  ready: true,
  reason: undefined,
  address: "http://localhost:4040",
  multitenancyEnabled: false,
  nowMs: 10_000,
  tenants: [],
};
const TENANT = {
  name: "anonymous",
  sizeBytes: 2048,
  blockCount: 1,
  lastPushMs: 7000,
  services: [{ name: "shop", profileTypes: ["process_cpu:cpu:nanoseconds:cpu:nanoseconds"] }],
};

describe("home page", () => {
  it.each([
    { name: "says that it runs", model: EMPTY, shows: "ready" },
    {
      name: "says why it is not ready",
      model: { ...EMPTY, ready: false, reason: "metastore: recovering" },
      shows: "metastore: recovering",
    },
    { name: "says that nothing has arrived", model: EMPTY, shows: "Nothing yet" },
    { name: "shows services", model: { ...EMPTY, tenants: [TENANT] }, shows: "<td>shop</td>" },
    {
      name: "shows profile types",
      model: { ...EMPTY, tenants: [TENANT] },
      shows: "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
    },
    {
      name: "shows the last push",
      model: { ...EMPTY, tenants: [TENANT] },
      shows: "last push 3 s ago, 2.0 KiB in 1 block",
    },
    {
      name: "names tenants when there are several",
      model: { ...EMPTY, multitenancyEnabled: true, tenants: [TENANT] },
      shows: "Tenant anonymous",
    },
    {
      name: "tells how to send with a tenant",
      model: { ...EMPTY, multitenancyEnabled: true },
      shows: "X-Scope-OrgID",
    },
    {
      name: "shows its own address",
      model: { ...EMPTY, address: "http://hearth:80" },
      shows: "http://hearth:80/ingest",
    },
  ])("$name", ({ model, shows }) => {
    expect(renderHomePage(model)).toContain(shows);
  });

  it("writes what was pushed as text, never as markup", () => {
    const evil = { ...TENANT, services: [{ name: `<script>"'&`, profileTypes: ["<b>"] }] };
    const page = renderHomePage({ ...EMPTY, tenants: [evil] });
    expect(page).toContain("&lt;script&gt;&quot;&#39;&amp;");
    expect(page).not.toContain("<script>");
    expect(page).not.toContain("<b>");
  });
});
