import { DataLossError } from "@hearth/errors";
import type { Symbols } from "./columns.ts";

/**
 * Checks that every index in `symbols` points into its table, that offsets ascend and that stack traces come after
 * their parents, so that code behind it may index without looking.
 *
 * @throws {DataLossError} naming the column and the entry.
 */
export function checkSymbols(symbols: Symbols): void {
  const { strings, mappings, functions, locations, lines, stacktraces } = symbols;
  const stringCount = checkOffsets("strings.offsets", strings.offsets, strings.bytes.length);
  checkBelow("mappings.filename", mappings.filename, stringCount);
  checkBelow("mappings.build_id", mappings.buildId, stringCount);
  checkBelow("functions.name", functions.name, stringCount);
  checkBelow("functions.system_name", functions.systemName, stringCount);
  checkBelow("functions.filename", functions.filename, stringCount);
  checkBelow("locations.mapping", locations.mapping, mappings.filename.length);
  checkSame(
    "locations.first_line",
    checkOffsets("locations.first_line", locations.firstLine, lines.line.length),
    locations.mapping.length,
  );
  checkBelow("lines.function", lines.functionIndex, functions.name.length);
  checkBelow("stacktraces.location", stacktraces.location, locations.mapping.length);
  checkParents("stacktraces.parent", stacktraces.parent);
  checkTableLengths(symbols);
}

/** @throws {DataLossError} when the columns of a table differ in length, or a table lacks its empty entry. */
function checkTableLengths({ mappings, functions, locations, lines, stacktraces }: Symbols): void {
  for (const column of Object.values(mappings))
    checkSame("mappings", column.length, mappings.filename.length);
  for (const column of Object.values(functions)) checkSame("functions", column.length, functions.name.length);
  checkSame("locations.address_low", locations.addressLow.length, locations.mapping.length);
  checkSame("locations.address_high", locations.addressHigh.length, locations.mapping.length);
  checkSame("locations.is_folded", locations.isFolded.length, locations.mapping.length);
  checkSame("lines.function", lines.functionIndex.length, lines.line.length);
  checkSame("stacktraces.location", stacktraces.location.length, stacktraces.parent.length);
  const tables = { mappings: mappings.filename, functions: functions.name, locations: locations.mapping };
  for (const [name, column] of Object.entries({ ...tables, stacktraces: stacktraces.parent })) {
    if (column.length === 0) throw new DataLossError(`symbols: table without its empty entry: table=${name}`);
  }
}

/** @returns how many entries the offsets delimit. */
function checkOffsets(name: string, offsets: Uint32Array, end: number): number {
  if (offsets.length === 0 || offsets[0] !== 0)
    throw new DataLossError(`symbols: offsets do not begin at 0: column=${name}`);
  for (let i = 1; i < offsets.length; i++) {
    if (offsets[i]! < offsets[i - 1]!)
      throw new DataLossError(`symbols: offsets descend: column=${name} index=${i}`);
  }
  checkSame(name, offsets[offsets.length - 1]!, end);
  return offsets.length - 1;
}

/** @throws {DataLossError} unless every entry is below `bound`. @param name - of the column, for the error. */
export function checkBelow(name: string, column: Uint32Array, bound: number): void {
  for (let i = 0; i < column.length; i++) {
    if (column[i]! >= bound)
      throw new DataLossError(`symbols: index out of range: column=${name} index=${i}`);
  }
}

/** Parents come before their children; the root is its own. */
export function checkParents(name: string, parent: Uint32Array): void {
  if (parent[0] !== 0) throw new DataLossError(`symbols: root with a parent: column=${name}`);
  for (let i = 1; i < parent.length; i++) {
    if (parent[i]! >= i)
      throw new DataLossError(`symbols: parent after its child: column=${name} index=${i}`);
  }
}

function checkSame(name: string, actual: number, expected: number): void {
  if (actual !== expected) {
    throw new DataLossError(`symbols: length differs: column=${name} actual=${actual} expected=${expected}`);
  }
}
