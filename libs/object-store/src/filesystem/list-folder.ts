import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

import { throwIfAborted } from "@hearth/runtime";

import { compareKeys, STAGING_FOLDER } from "../key.ts";
import type { ListEntry, ListOptions } from "../object-store.ts";
import { errnoOf, readFailure } from "./file-errors.ts";

/** What is listed, the same for all folders of one listing. */
export interface Listing {
  /** Absolute path. */
  readonly root: string;
  readonly prefix: string;
  readonly options: ListOptions;
  readonly signal: AbortSignal;
}

/**
 * Entries below `folder`, which is a key prefix that ends with `/` or is empty. Folders sort by their name with the `/`
 * that their keys go on with: `a-b` comes before what is in `a`.
 */
export async function* listFolder(listing: Listing, folder: string): AsyncGenerator<ListEntry> {
  const { prefix, options } = listing;
  for (const name of await namesIn(listing, folder)) {
    throwIfAborted(listing.signal);
    const isFolder = name.endsWith("/");
    if (!isFolder) {
      const entry =
        name.startsWith(prefix) && isAfter(name, options.startAfter)
          ? await statObject(listing, name)
          : undefined;
      if (entry) yield entry;
    } else if (options.delimiter === "/" && name.startsWith(prefix)) {
      if (isAfter(name, options.startAfter) && (await holdsObjects(listing, name)))
        yield { type: "prefix", prefix: name };
    } else if (mayHoldEntries(listing, name)) {
      yield* listFolder(listing, name);
    }
  }
}

/** Keys and folders (with a `/` at the end) directly in `folder`, sorted by bytes. */
async function namesIn(listing: Listing, folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(listing.root, folder), { withFileTypes: true });
    return entries
      .filter((entry) => folder !== "" || entry.name !== STAGING_FOLDER)
      .map((entry) => `${folder}${entry.name}${entry.isDirectory() ? "/" : ""}`)
      .sort(compareKeys);
  } catch (error) {
    // Removed since it was seen, or never there.
    if (errnoOf(error) === "ENOENT" || errnoOf(error) === "ENOTDIR") return [];
    throw readFailure(folder, error);
  }
}

async function statObject({ root }: Listing, key: string): Promise<ListEntry | undefined> {
  try {
    const { size, mtimeMs } = await stat(join(root, key));
    return { type: "object", key, sizeBytes: size, modifiedUnixMs: Math.floor(mtimeMs) };
  } catch (error) {
    if (errnoOf(error) === "ENOENT") return undefined;
    throw readFailure(key, error);
  }
}

/** A crash, or a put that is under way, may leave folders without any object; a bucket knows no such thing. */
async function holdsObjects(listing: Listing, folder: string): Promise<boolean> {
  for (const name of await namesIn(listing, folder)) {
    throwIfAborted(listing.signal);
    if (!name.endsWith("/") || (await holdsObjects(listing, name))) return true;
  }
  return false;
}

function mayHoldEntries({ prefix, options: { startAfter } }: Listing, folder: string): boolean {
  if (!folder.startsWith(prefix) && !prefix.startsWith(folder)) return false;
  return startAfter === undefined || startAfter.startsWith(folder) || compareKeys(folder, startAfter) > 0;
}

function isAfter(name: string, startAfter: string | undefined): boolean {
  return startAfter === undefined || compareKeys(name, startAfter) > 0;
}
