import {
  cpSync,
  openSync,
  closeSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

import type { Random } from "@hearth/runtime";

/** What a failing disk or a crash in the middle of a write leaves behind. */
export const DAMAGES = ["bit flip", "torn end", "junk at the end", "gone"] as const;
export type Damage = (typeof DAMAGES)[number];

const MAX_TORN_BYTES = 64;

/** What LevelDB writes for people to read. */
const DIARY = /\/LOG(?:\.old)?$/u;

/** Files below the folder that hold data, sorted. */
export function dataFilesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: "utf8" })
    .filter((path) => statSync(join(folder, path)).isFile() && statSync(join(folder, path)).size > 0)
    .filter((path) => !DIARY.test(path))
    .sort();
}

/** One file of each kind: where it lies and what it is called, numbers and identifiers aside. */
export function oneOfEachKind(files: readonly string[], random: Random): string[] {
  const kinds = Map.groupBy(files, (path) => path.replaceAll(/[0-9A-HJKMNP-TV-Z]{26}|\d+/gu, "*"));
  return [...kinds.values()].map((members) => members[Math.floor(random.next() * members.length)]!);
}

/** A copy of the folder with one file damaged. */
export function copyDamaged(
  from: string,
  to: string,
  { file, damage }: { file: string; damage: Damage },
  random: Random,
): void {
  cpSync(from, to, { recursive: true });
  damageFile(join(to, file), damage, random);
}

function damageFile(path: string, damage: Damage, random: Random): void {
  const bytes = readFileSync(path);
  switch (damage) {
    case "bit flip": {
      const at = Math.floor(random.next() * bytes.length);
      bytes[at]! ^= 1 << Math.floor(random.next() * 8);
      writeFileSync(path, bytes);
      return;
    }
    case "torn end":
      truncateSync(path, Math.max(0, bytes.length - 1 - Math.floor(random.next() * MAX_TORN_BYTES)));
      return;
    case "junk at the end": {
      const length = 1 + Math.floor(random.next() * MAX_TORN_BYTES);
      const junk = random.fill(new Uint8Array(length));
      const descriptor = openSync(path, "a");
      writeFileSync(descriptor, junk);
      closeSync(descriptor);
      return;
    }
    case "gone":
      rmSync(path);
  }
}
