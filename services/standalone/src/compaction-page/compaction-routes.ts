import { createClient, type Client, type Transport } from "@connectrpc/connect";
import { toJson } from "@bufbuild/protobuf";
import { Code, DomainError } from "@hearth/errors";
import {
  CompactionAdminService,
  GetCompactionReportResponseSchema,
  ReleaseBlocksResponseSchema,
} from "@hearth/proto/hearth/metastore/v1";
import type { Routes } from "@hearth/server";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import {
  acceptForms,
  formOf,
  isForeign,
  refuse,
  refuseForeign,
  sendJson,
  sendPage,
  wantsJson,
} from "../operator-pages/page-answers.ts";
import { RELEASE_ALL, renderCompactionPage } from "./compaction-page.ts";

const ANSWER_WITHIN_MS = 10_000;
const BACK = "compaction";

/** The page about compaction and retention. @param metastore - reaches whichever node leads. */
export function compactionRoutes(metastore: Transport): Routes {
  return (app) => registerCompactionRoutes(app, createClient(CompactionAdminService, metastore));
}

/** Links and redirects are relative: a proxy may put a path in front. */
export async function registerCompactionRoutes(
  app: FastifyInstance,
  admin: Client<typeof CompactionAdminService>,
): Promise<void> {
  await app.register(async (scope) => {
    acceptForms(scope);
    scope.get("/compaction", (request, reply) =>
      answered(request, reply, async () => {
        const report = await admin.getCompactionReport({}, { timeoutMs: ANSWER_WITHIN_MS });
        return wantsJson(request)
          ? sendJson(reply, toJson(GetCompactionReportResponseSchema, report))
          : sendPage(reply, renderCompactionPage(report));
      }),
    );
    scope.post("/compaction", (request, reply) => {
      if (isForeign(request)) return refuseForeign(request, reply, BACK);
      const ids = formOf(request).getAll("release");
      if (ids.length === 0) {
        const reason = `release must name a block, or be ${RELEASE_ALL}`;
        return refuse(request, reply, { code: Code.InvalidArgument, reason, back: BACK });
      }
      return answered(request, reply, async () => {
        const blocks = ids.includes(RELEASE_ALL) ? [] : ids;
        const answer = await admin.releaseBlocks({ blocks }, { timeoutMs: ANSWER_WITHIN_MS });
        return wantsJson(request)
          ? sendJson(reply, toJson(ReleaseBlocksResponseSchema, answer))
          : reply.redirect(BACK);
      });
    });
  });
}

/** What the metastore refuses, or cannot do now, is said in the form that was asked for. */
async function answered(
  request: FastifyRequest,
  reply: FastifyReply,
  answer: () => Promise<FastifyReply>,
): Promise<FastifyReply> {
  try {
    return await answer();
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return refuse(request, reply, { code: error.code, reason: error.message, back: BACK });
  }
}
