import { isBuiltin } from "node:module";
import { posix } from "node:path";

import {
  AMBIENT_EXCEPTIONS,
  COMPOSITION_ROOT,
  LAYERS,
  NODE_MODULES_OF_THE_DOMAIN,
  TOOLS_OF_TESTS,
  type Layer,
} from "./layers.ts";
import type { Package, SourceFile } from "./workspace.ts";

/** A rule gives one sentence for each offence. */
export type Rule = (packages: readonly Package[]) => string[];

const SCOPE = "@hearth/";
const LAYER_ORDER = Object.keys(LAYERS) as Layer[];

export const rules: Readonly<Record<string, Rule>> = {
  "every library has its layer": everyLibraryHasItsLayer,
  "imports point towards the base": importsPointTowardsTheBase,
  "no package needs itself, around any number of corners": noCycles,
  "services never import each other": servicesStayApart,
  "the domain layer computes, and leaves I/O to others": domainKeepsFromNode,
  "packages are imported by name, through their index": packagesAreImportedByName,
  "what is imported is declared": importsAreDeclared,
  "what is declared is imported": declarationsAreUsed,
  "time, chance, timers, environment and terminal are handed in": ambientIsHandedIn,
};

function everyLibraryHasItsLayer(packages: readonly Package[]): string[] {
  const present = packages.filter(({ kind }) => kind === "lib").map(({ name }) => name);
  const listed: string[] = Object.values(LAYERS).flat();
  return [
    ...present.filter((name) => !listed.includes(name)).map((name) => `libs/${name} is in no layer`),
    ...listed
      .filter((name) => !present.includes(name))
      .map((name) => `libs/${name} has a layer, but is not there`),
  ];
}

/** Tests may import `testing`, which stands on everything. */
function importsPointTowardsTheBase(packages: readonly Package[]): string[] {
  return eachImport(packages, (pack, file, imported) => {
    const from = layerOf(pack.name);
    const to = layerOf(packageOf(imported) ?? "");
    if (to === undefined || file.isTest) return undefined;
    if (to === "test" && from !== "test") return `${file.path} is no test, but imports ${imported}`;
    const isAhead = from !== undefined && LAYER_ORDER.indexOf(to) > LAYER_ORDER.indexOf(from);
    return isAhead ? `${file.path} (layer ${from}) imports ${imported} (layer ${to})` : undefined;
  });
}

function noCycles(packages: readonly Package[]): string[] {
  const needs = new Map(packages.map((pack) => [pack.name, neededBy(pack)]));
  const visit = (path: readonly string[]): string[] => {
    const name = path.at(-1)!;
    if (path.indexOf(name) < path.length - 1) return path[0] === name ? [path.join(" → ")] : [];
    return (needs.get(name) ?? []).flatMap((next) => visit([...path, next]));
  };
  return packages.flatMap(({ name }) => visit([name])).slice(0, 5);
}

function neededBy({ name, files }: Package): string[] {
  const needed = files.filter((file) => !file.isTest).flatMap((file) => file.imports.map(packageOf));
  return [...new Set(needed)].filter((other) => other !== undefined && other !== name) as string[];
}

function servicesStayApart(packages: readonly Package[]): string[] {
  const services = new Set(packages.filter(({ kind }) => kind === "service").map(({ name }) => name));
  return eachImport(packages, (pack, file, imported) => {
    const other = packageOf(imported) ?? pack.name;
    const isAllowed = pack.name === COMPOSITION_ROOT || other === pack.name || !services.has(other);
    return isAllowed ? undefined : `${file.path} imports the service ${other}`;
  });
}

function domainKeepsFromNode(packages: readonly Package[]): string[] {
  return eachImport(packages, (pack, file, imported) => {
    const isAllowed = !isBuiltin(imported) || NODE_MODULES_OF_THE_DOMAIN.includes(imported);
    const isBound = layerOf(pack.name) === "domain" && !file.isTest;
    return isBound && !isAllowed ? `${file.path} imports ${imported}` : undefined;
  });
}

/** `@hearth/proto/<package path>` is the one name with a path: its package exports each protobuf package. */
function packagesAreImportedByName(packages: readonly Package[]): string[] {
  return eachImport(packages, (pack, file, imported) => {
    if (isRelative(imported)) {
      const target = posix.join(posix.dirname(file.path), imported);
      const staysInside = target.startsWith(`${pack.folder}/`);
      return staysInside ? undefined : `${file.path} reaches out of its package to ${target}`;
    }
    const name = packageOf(imported);
    const isByName = name === undefined || name === "proto" || imported === SCOPE + name;
    return isByName ? undefined : `${file.path} reaches into a package: ${imported}`;
  });
}

function importsAreDeclared(packages: readonly Package[]): string[] {
  return eachImport(packages, (pack, file, imported) => {
    const name = nameOf(imported);
    if (isRelative(imported) || isBuiltin(imported) || name === SCOPE + pack.name) return undefined;
    const { dependencies, devDependencies, folder } = pack;
    const isDeclared =
      dependencies.includes(name) ||
      (file.isTest && (devDependencies.includes(name) || TOOLS_OF_TESTS.includes(name)));
    const where = file.isTest ? "devDependencies" : "dependencies";
    return isDeclared ? undefined : `${file.path} imports ${name}: not in ${where} of ${folder}`;
  });
}

function declarationsAreUsed(packages: readonly Package[]): string[] {
  return packages.flatMap((pack) => {
    const importedBy = (files: readonly SourceFile[]): Set<string> =>
      new Set(files.flatMap(({ imports }) => imports.map(nameOf)));
    const bySources = importedBy(pack.files.filter(({ isTest }) => !isTest));
    const byAll = importedBy(pack.files);
    return [
      ...pack.dependencies.filter((name) => !bySources.has(name) && !isOfGeneratedCode(pack, name)),
      ...pack.devDependencies.filter((name) => !byAll.has(name)),
    ].map((name) => `${pack.folder} declares ${name} and does not import it`);
  });
}

function isOfGeneratedCode(pack: Package, dependency: string): boolean {
  return pack.name === "proto" && dependency === "@bufbuild/protobuf";
}

function ambientIsHandedIn(packages: readonly Package[]): string[] {
  return packages
    .flatMap(({ files }) => files)
    .filter(
      ({ path, isTest }) => !isTest && !AMBIENT_EXCEPTIONS.some((exception) => exception.path.test(path)),
    )
    .flatMap(({ path, ambientUses }) => ambientUses.map((use) => `${path} uses ${use}`));
}

function eachImport(
  packages: readonly Package[],
  judge: (pack: Package, file: SourceFile, imported: string) => string | undefined,
): string[] {
  const offences = packages.flatMap((pack) =>
    pack.files.flatMap((file) => file.imports.map((imported) => judge(pack, file, imported))),
  );
  return [...new Set(offences)].filter((offence) => offence !== undefined);
}

function layerOf(name: string): Layer | undefined {
  return LAYER_ORDER.find((layer) => (LAYERS[layer] as readonly string[]).includes(name));
}

/** The package of this repository that an import means: `block` of `@hearth/block`. */
function packageOf(imported: string): string | undefined {
  return imported.startsWith(SCOPE) ? imported.slice(SCOPE.length).split("/")[0] : undefined;
}

/** The name as package.json has it: without the path inside the package. */
function nameOf(imported: string): string {
  return imported.split("/", imported.startsWith("@") ? 2 : 1).join("/");
}

function isRelative(imported: string): boolean {
  return imported.startsWith(".");
}
