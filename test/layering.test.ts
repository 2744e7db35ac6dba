import { join } from "node:path";

import { describe, expect, it } from "@jest/globals";

import { rules } from "./layering/rules.ts";
import { sourceFacts } from "./layering/source-facts.ts";
import { readDeclared, readPackages, type Package } from "./layering/workspace.ts";

const root = join(import.meta.dirname, "..");

describe("the repository", () => {
  const packages = readPackages(root);

  it.each(Object.entries(rules))("%s", (_name, rule) => {
    expect(rule(packages)).toEqual([]);
  });

  it("has a lock file that knows what each package declares", () => {
    const outdated = readDeclared(root).filter(
      ({ manifest, lock }) => JSON.stringify(sorted(manifest)) !== JSON.stringify(sorted(lock)),
    );
    expect(outdated).toEqual([]);
  });
});

describe("the rules", () => {
  it.each([
    {
      rule: "imports point towards the base",
      packages: [lib("tree", { sources: ['import { retry } from "@hearth/rpc";'] })],
      offence: "libs/tree/src/file.ts (layer domain) imports @hearth/rpc (layer io)",
    },
    {
      rule: "imports point towards the base",
      packages: [lib("rpc", { sources: ['import { buildPprof } from "@hearth/testing";'] })],
      offence: "libs/rpc/src/file.ts is no test, but imports @hearth/testing",
    },
    {
      rule: "no package needs itself, around any number of corners",
      packages: [
        lib("tree", { sources: ['import type { Block } from "@hearth/block";'] }),
        lib("block", { sources: ['export { Tree } from "@hearth/tree";'] }),
      ],
      offence: "tree → block → tree",
    },
    {
      rule: "services never import each other",
      packages: [
        service("metastore", {}),
        service("distributor", { sources: ['const it = await import("@hearth/metastore");'] }),
      ],
      offence: "services/distributor/src/file.ts imports the service metastore",
    },
    {
      rule: "the domain layer computes, and leaves I/O to others",
      packages: [lib("block", { sources: ['import { open } from "node:fs/promises";'] })],
      offence: "libs/block/src/file.ts imports node:fs/promises",
    },
    {
      rule: "packages are imported by name, through their index",
      packages: [lib("block", { sources: ['import { x } from "../../tree/src/tree.ts";'] })],
      offence: "libs/block/src/file.ts reaches out of its package to libs/tree/src/tree.ts",
    },
    {
      rule: "packages are imported by name, through their index",
      packages: [lib("block", { sources: ['import { x } from "@hearth/tree/src/tree.ts";'] })],
      offence: "libs/block/src/file.ts reaches into a package: @hearth/tree/src/tree.ts",
    },
    {
      rule: "what is imported is declared",
      packages: [lib("block", { sources: ['import "hyparquet/deep";'] })],
      offence: "libs/block/src/file.ts imports hyparquet: not in dependencies of libs/block",
    },
    {
      rule: "what is declared is imported",
      packages: [lib("block", { dependencies: ["hyparquet"], sources: ["// hyparquet"] })],
      offence: "libs/block declares hyparquet and does not import it",
    },
    {
      rule: "time, chance, timers, environment and terminal are handed in",
      packages: [lib("block", { sources: ["const now = () => Date.now();"] })],
      offence: "libs/block/src/file.ts uses Date.now",
    },
  ])("say what is wrong: $offence", ({ rule, packages, offence }) => {
    expect(rules[rule]?.(packages)).toContain(offence);
  });
});

describe("sourceFacts", () => {
  it.each([
    { source: "process.env['A']", uses: ["process.env"] },
    { source: "console.log(1); console.warn(2)", uses: ["console.log", "console.warn"] },
    { source: "setTimeout(f, 1)", uses: ["setTimeout"] },
    { source: "new Date()", uses: ["new Date()"] },
    { source: "new Date(stampMs)", uses: [] },
    { source: "import { randomUUID, createHash } from 'node:crypto'", uses: ["randomUUID of node:crypto"] },
    {
      source: "import { setTimeout as sleep } from 'node:timers/promises'",
      uses: ["setTimeout of node:timers/promises"],
    },
    { source: "server.setTimeout(72_000); // Math.random()", uses: [] },
    { source: "const text = 'Date.now'", uses: [] },
  ])("$source uses $uses", ({ source, uses }) => {
    expect(sourceFacts(source).ambientUses).toEqual(uses);
  });
});

interface Sketch {
  readonly dependencies?: readonly string[];
  readonly sources?: readonly string[];
}

function lib(name: string, sketch: Sketch): Package {
  return { ...service(name, sketch, `libs/${name}`), kind: "lib" };
}

function service(name: string, sketch: Sketch, folder = `services/${name}`): Package {
  const { dependencies = [], sources = [] } = sketch;
  const files = sources.map((source) => ({
    path: `${folder}/src/file.ts`,
    isTest: false,
    ...sourceFacts(source),
  }));
  return { name, folder, kind: "service", dependencies, devDependencies: [], files };
}

function sorted(versions: Readonly<Record<string, string>>): [string, string][] {
  return Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1));
}
