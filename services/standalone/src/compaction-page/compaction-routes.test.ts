import { create } from "@bufbuild/protobuf";
import { createClient } from "@connectrpc/connect";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "@jest/globals";
import { UnavailableError } from "@hearth/errors";
import {
  CompactionAdminService,
  GetCompactionReportResponseSchema,
  ReleaseBlocksResponseSchema,
} from "@hearth/proto/hearth/metastore/v1";
import { implement, inProcessTransport } from "@hearth/rpc";
import { fastify, type FastifyInstance } from "fastify";

import { registerCompactionRoutes } from "./compaction-routes.ts";

const JSON_TYPE = { accept: "application/json" };
const FORM_TYPE = { "content-type": "application/x-www-form-urlencoded" };

describe("the routes of the page about compaction", () => {
  /** What was asked to be released; and why the metastore answers nothing. */
  let released: string[][];
  let failure: Error | undefined;
  let app: FastifyInstance;

  beforeAll(async () => {
    const service = implement(CompactionAdminService, {
      getCompactionReport: async () => {
        if (failure) throw failure;
        return create(GetCompactionReportResponseSchema, { jobCount: 3 });
      },
      releaseBlocks: async ({ blocks }) => {
        if (failure) throw failure;
        released.push(blocks);
        return create(ReleaseBlocksResponseSchema, { releasedCount: 2 });
      },
    });
    app = fastify();
    const client = createClient(CompactionAdminService, inProcessTransport([service], []));
    await registerCompactionRoutes(app, client);
  });
  afterAll(() => app.close());
  beforeEach(() => {
    released = [];
    failure = undefined;
  });

  function post(payload: string, headers: Record<string, string> = {}) {
    return app.inject({ method: "POST", url: "/compaction", headers: { ...FORM_TYPE, ...headers }, payload });
  }

  it("show the report to people and to programs", async () => {
    const page = await app.inject("/compaction");
    expect(page.headers["content-type"]).toBe("text/html; charset=utf-8");
    expect(page.headers["content-security-policy"]).toContain("default-src 'none'");
    expect(page.body).toContain("3 jobs");
    const json = await app.inject({ url: "/compaction", headers: JSON_TYPE });
    expect(json.json()).toEqual({ jobCount: 3 });
  });

  it.each([
    { form: "release=one", want: [["one"]] },
    { form: "release=one&release=two", want: [["one", "two"]] },
    { form: "release=all", want: [[]] },
  ])("release with the form $form", async ({ form, want }) => {
    const answer = await post(form);
    expect(answer.statusCode).toBe(302);
    expect(answer.headers.location).toBe("compaction");
    expect(released).toEqual(want);
    expect((await post(form, JSON_TYPE)).json()).toEqual({ releasedCount: 2 });
  });

  it("release nothing without a name: that would be all", async () => {
    const answer = await post("", JSON_TYPE);
    expect(answer.statusCode).toBe(400);
    expect(answer.json()).toMatchObject({ message: "release must name a block, or be all" });
    expect(released).toEqual([]);
  });

  it("release nothing for a page of another site", async () => {
    const answer = await post("release=all", { "sec-fetch-site": "cross-site" });
    expect(answer.statusCode).toBe(403);
    expect(released).toEqual([]);
  });

  it.each(["GET", "POST"] as const)("say why the metastore does not answer to %s", async (method) => {
    failure = new UnavailableError("no leader now");
    const answer = method === "GET" ? await app.inject("/compaction") : await post("release=one");
    expect(answer.statusCode).toBe(503);
    expect(answer.body).toContain("no leader now");
  });
});
