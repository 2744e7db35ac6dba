import { parseSync } from "@swc/core";

/** What the rules want to know of one source file. */
export interface SourceFacts {
  /** What it imports or exports from, static or dynamic, in order of appearance. */
  readonly imports: readonly string[];
  /** Globals it uses that read time, chance or the environment, or write to the terminal, such as `Date.now`. */
  readonly ambientUses: readonly string[];
}

const AMBIENT_MEMBERS: Readonly<Record<string, readonly string[] | "any">> = {
  AbortSignal: ["timeout"],
  Date: ["now"],
  Math: ["random"],
  console: "any",
  crypto: ["getRandomValues", "randomUUID"],
  performance: ["now"],
  process: ["env"],
};
const AMBIENT_FUNCTIONS: ReadonlySet<string> = new Set(["setInterval", "setTimeout"]);
const AMBIENT_IMPORTS: Readonly<Record<string, RegExp>> = {
  "node:crypto": /^random|^getRandomValues$/u,
  "node:perf_hooks": /^performance$/u,
  "node:process": /^env$/u,
  "node:timers": /^set(?:Timeout|Interval)$/u,
  "node:timers/promises": /^set(?:Timeout|Interval)$/u,
};

/** Parses TypeScript; comments, strings and types never count as uses. */
export function sourceFacts(source: string): SourceFacts {
  const imports: string[] = [];
  const ambientUses: string[] = [];
  visit(parseSync(source, { syntax: "typescript" }), (node) => {
    const specifier = importedFrom(node);
    if (specifier !== undefined) imports.push(specifier);
    ambientUses.push(...usesOf(node));
  });
  return { imports, ambientUses: [...new Set(ambientUses)] };
}

/** A node of the syntax tree, as far as it is looked at here. */
interface Node {
  readonly type?: unknown;
  readonly [field: string]: unknown;
}

function visit(value: unknown, see: (node: Node) => void): void {
  if (typeof value !== "object" || value === null) return;
  if (!Array.isArray(value)) see(value as Node);
  for (const child of Object.values(value)) visit(child, see);
}

function importedFrom(node: Node): string | undefined {
  switch (node.type) {
    case "ImportDeclaration":
    case "ExportNamedDeclaration":
    case "ExportAllDeclaration":
      return text(node["source"]);
    case "CallExpression":
      return typeOf(node["callee"]) === "Import" ? text(firstArgument(node)) : undefined;
    default:
      return undefined;
  }
}

function usesOf(node: Node): string[] {
  switch (node.type) {
    case "MemberExpression":
      return ambientMember(identifier(node["object"]), identifier(node["property"]));
    case "CallExpression": {
      const name = identifier(node["callee"]) ?? "";
      return AMBIENT_FUNCTIONS.has(name) ? [name] : [];
    }
    case "NewExpression":
      return identifier(node["callee"]) === "Date" && firstArgument(node) === undefined ? ["new Date()"] : [];
    case "ImportDeclaration":
      return ambientImports(text(node["source"]) ?? "", node["specifiers"]);
    default:
      return [];
  }
}

function ambientMember(object = "", property = ""): string[] {
  const members = Object.hasOwn(AMBIENT_MEMBERS, object) ? AMBIENT_MEMBERS[object] : undefined;
  return members === "any" || members?.includes(property) === true ? [`${object}.${property}`] : [];
}

function ambientImports(source: string, specifiers: unknown): string[] {
  const pattern = AMBIENT_IMPORTS[source];
  if (pattern === undefined || !Array.isArray(specifiers)) return [];
  const names = specifiers.map(
    (each: Node) => identifier(each["imported"]) ?? identifier(each["local"]) ?? "",
  );
  return names.filter((name) => pattern.test(name)).map((name) => `${name} of ${source}`);
}

function firstArgument(node: Node): unknown {
  const list = node["arguments"];
  return Array.isArray(list) ? (list[0] as Node | undefined)?.["expression"] : undefined;
}

function typeOf(value: unknown): unknown {
  return (value as Node | null | undefined)?.type;
}

function identifier(value: unknown): string | undefined {
  return typeOf(value) === "Identifier" ? String((value as Node)["value"]) : undefined;
}

function text(value: unknown): string | undefined {
  return typeOf(value) === "StringLiteral" ? String((value as Node)["value"]) : undefined;
}
