import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { sourceFacts, type SourceFacts } from "./source-facts.ts";

/** One package of the repository: what it declares and what its sources do. */
export interface Package {
  /** Without the scope: `block`. */
  readonly name: string;
  /** `libs/block`. */
  readonly folder: string;
  readonly kind: "lib" | "service";
  readonly dependencies: readonly string[];
  readonly devDependencies: readonly string[];
  readonly files: readonly SourceFile[];
}

export interface SourceFile extends SourceFacts {
  /** From the root of the repository: `libs/block/src/index.ts`. */
  readonly path: string;
  readonly isTest: boolean;
}

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
}

/** Versions by name as each package declares them, and as the lock file remembers them: `npm ci` wants them equal. */
export interface Declared {
  readonly folder: string;
  readonly manifest: Readonly<Record<string, string>>;
  readonly lock: Readonly<Record<string, string>>;
}

const GENERATED = "libs/proto/src/gen";

export function readPackages(root: string): Package[] {
  return packageFolders(root).map(({ folder, kind }) => {
    const manifest = readManifest(root, folder);
    return {
      name: manifest.name.replace("@hearth/", ""),
      folder,
      kind,
      dependencies: Object.keys(manifest.dependencies ?? {}),
      devDependencies: Object.keys(manifest.devDependencies ?? {}),
      files: sourceFiles(root, folder),
    };
  });
}

export function readDeclared(root: string): Declared[] {
  const lock = readJson(join(root, "package-lock.json")) as { packages: Record<string, Manifest> };
  return packageFolders(root).map(({ folder }) => ({
    folder,
    manifest: allDependencies(readManifest(root, folder)),
    lock: allDependencies(lock.packages[folder]),
  }));
}

function packageFolders(root: string): { folder: string; kind: Package["kind"] }[] {
  const under = (parent: string, kind: Package["kind"]): { folder: string; kind: Package["kind"] }[] =>
    readdirSync(join(root, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => ({ folder: `${parent}/${entry.name}`, kind }));
  return [...under("libs", "lib"), ...under("services", "service")];
}

/** Sources and tests; of the generated code it is enough that it compiles. */
function sourceFiles(root: string, folder: string): SourceFile[] {
  return ["src", "test"]
    .map((part) => `${folder}/${part}`)
    .filter((part) => existsSync(join(root, part)))
    .flatMap((part) =>
      readdirSync(join(root, part), { recursive: true, encoding: "utf8" }).map((name) => `${part}/${name}`),
    )
    .filter((path) => path.endsWith(".ts") && !path.startsWith(GENERATED))
    .sort()
    .map((path) => ({
      path,
      isTest: path.startsWith(`${folder}/test/`) || path.endsWith(".test.ts"),
      ...sourceFacts(readFileSync(join(root, path), "utf8")),
    }));
}

function readManifest(root: string, folder: string): Manifest {
  return readJson(join(root, folder, "package.json")) as Manifest;
}

function allDependencies(manifest: Manifest | undefined): Record<string, string> {
  return { ...manifest?.dependencies, ...manifest?.devDependencies };
}

function readJson(path: string): unknown {
  return JSON.parse(readFileSync(path, "utf8"));
}
