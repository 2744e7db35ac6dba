import { createClient, type Client } from "@connectrpc/connect";
import { assertNever, Code, DomainError, UnavailableError } from "@hearth/errors";
import { RaftNodeService } from "@hearth/proto/raft_node";
import type { Clock } from "@hearth/runtime";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

import { askNodes, type MetastoreNodes } from "./ask-nodes.ts";
import { renderClientTestPage, type ReadOutcome } from "./client-test-page.ts";
import { groupView, type GroupView } from "./group-view.ts";
import { parseAction, type NodeAction } from "./node-action.ts";
import { renderNodesPage } from "./nodes-page.ts";
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

export interface NodesRoutesDeps {
  readonly nodes: MetastoreNodes;
  readonly clock: Clock;
}

/** A change of the members takes up to five seconds, a transfer two. */
const ACT_WITHIN_MS = 10_000;
const READ_WITHIN_MS = 5_000;

/** Pages for operators of the metastore. Links and redirects are relative: a proxy may put a path in front. */
export async function registerNodesRoutes(app: FastifyInstance, deps: NodesRoutesDeps): Promise<void> {
  await app.register(async (scope) => {
    acceptForms(scope);
    scope.get("/metastore-nodes", async (request, reply) => {
      const view = await look(deps);
      return wantsJson(request) ? sendJson(reply, view) : sendPage(reply, renderNodesPage(view));
    });
    scope.post("/metastore-nodes", (request, reply) => answerAction(deps, request, reply));
    scope.get("/metastore-client-test", (_, reply) => sendPage(reply, renderClientTestPage(undefined)));
    scope.post("/metastore-client-test", async (request, reply) => {
      if (isForeign(request)) return refuseForeign(request, reply, "metastore-client-test");
      const outcome = await tryRead(deps);
      if (wantsJson(request)) return sendJson(reply, outcome);
      return sendPage(reply, renderClientTestPage(outcome));
    });
  });
}

async function answerAction(
  deps: NodesRoutesDeps,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const back = "metastore-nodes";
  if (isForeign(request)) return refuseForeign(request, reply, back);
  const action = parseAction(formOf(request));
  if (typeof action === "string")
    return refuse(request, reply, { code: Code.InvalidArgument, reason: action, back });
  try {
    await act(deps, action);
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return refuse(request, reply, { code: error.code, reason: error.message, back });
  }
  return reply.redirect(back);
}

async function look({ nodes }: NodesRoutesDeps): Promise<GroupView> {
  return groupView(await askNodes(nodes.targets()));
}

/** Asks the node that leads now: it alone can do it. What has begun goes on when the browser goes away. */
async function act(deps: NodesRoutesDeps, action: NodeAction): Promise<void> {
  const { leader } = await look(deps);
  const target = deps.nodes.targets().find(({ address }) => address === leader?.address);
  if (!target) throw new UnavailableError("no node of the metastore says that it leads");
  await call(target.client, action);
}

function call(client: Client<typeof RaftNodeService>, { type, ...request }: NodeAction): Promise<unknown> {
  const options = { timeoutMs: ACT_WITHIN_MS };
  switch (type) {
    case "add":
      return client.addNode(request, options);
    case "remove":
      return client.removeNode(request, options);
    case "promote":
      return client.promoteToLeader(request, options);
    case "demote":
      return client.demoteLeader(request, options);
    default:
      return assertNever(type);
  }
}

async function tryRead({ nodes, clock }: NodesRoutesDeps): Promise<ReadOutcome> {
  const client = createClient(RaftNodeService, nodes.group);
  const startMs = clock.monotonicMs();
  const elapsedMs = (): number => clock.monotonicMs() - startMs;
  try {
    const { commitIndex, term } = await client.readIndex({}, { timeoutMs: READ_WITHIN_MS });
    return {
      type: "answered",
      commitIndex: Number(commitIndex),
      term: Number(term),
      elapsedMs: elapsedMs(),
    };
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    return { type: "failed", reason: error.message, elapsedMs: elapsedMs() };
  }
}
