import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";

/** Which methods each path answers, to tell a wrong method (405) from a wrong path (404). */
export class RouteTable {
  readonly #routes: { readonly segments: readonly string[]; readonly methods: readonly string[] }[] = [];

  add(url: string, methods: string | readonly string[]): void {
    this.#routes.push({ segments: url.split("/"), methods: [methods].flat() });
  }

  /** Methods of all routes that match `path`, without repeats; none when the path is not known. */
  methodsOf(path: string): string[] {
    const segments = path.split("/");
    const matching = this.#routes.filter((route) => matches(route.segments, segments));
    return [...new Set(matching.flatMap((route) => route.methods))];
  }
}

/** As Fastify matches: `:name` is one segment, a final `*` the rest. */
function matches(pattern: readonly string[], segments: readonly string[]): boolean {
  const open = pattern.at(-1) === "*";
  if (open ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) => part === segments[index] || part.startsWith(":") || part === "*");
}

/** Answers what no route takes as the reference does: 405 with `Allow` and no body, or 404 in plain text. */
export function answerUnrouted(app: FastifyInstance): void {
  const table = new RouteTable();
  app.addHook("onRoute", (route) => table.add(route.url, route.method));
  app.setNotFoundHandler((request, reply) => {
    const methods = table.methodsOf(pathOf(request));
    return methods.length === 0 ? notFound(reply) : methodNotAllowed(reply, methods);
  });
}

/** 405, with the methods that the path does answer in `Allow`, and no body. */
export function methodNotAllowed(reply: FastifyReply, allowed: readonly string[]): FastifyReply {
  return reply.code(405).header("Allow", allowed.join(", ")).send();
}

function notFound(reply: FastifyReply): FastifyReply {
  return reply
    .code(404)
    .header("X-Content-Type-Options", "nosniff")
    .type("text/plain; charset=utf-8")
    .send("404 page not found\n");
}

function pathOf(request: FastifyRequest): string {
  const end = request.url.indexOf("?");
  return end < 0 ? request.url : request.url.slice(0, end);
}
