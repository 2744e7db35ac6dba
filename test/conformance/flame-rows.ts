/**
 * Flame graphs as rows, one for each node: its path and its numbers, sorted. Where a level begins, in which order
 * siblings come and how names are numbered carries no meaning.
 */

/** `[offset, total, self, name]`, offsets relative to the end of the node before. */
const SINGLE_WIDTH = 4;
/** The same for left and right, then the name. */
const DIFF_WIDTH = 7;

export function flameRows(names: readonly string[], levels: readonly (readonly number[])[]): string[] {
  return rowsOf(names, levels, { width: SINGLE_WIDTH, read: readSingle });
}

export function diffRows(names: readonly string[], levels: readonly (readonly number[])[]): string[] {
  return rowsOf(names, levels, { width: DIFF_WIDTH, read: readDiff });
}

/** A node with its place on its level: it covers `[start, end)`, and so do its children together at most. */
interface PlacedNode {
  readonly start: number;
  readonly end: number;
  readonly path: string;
}

interface Layout {
  readonly width: number;
  /** Takes a node's numbers; moves `position` behind it. */
  readonly read: (numbers: readonly number[], position: Position) => { start: number; extent: number };
}

interface Position {
  left: number;
  right: number;
}

function rowsOf(
  names: readonly string[],
  levels: readonly (readonly number[])[],
  { width, read }: Layout,
): string[] {
  const rows: string[] = [];
  let parents: PlacedNode[] = [{ start: 0, end: Infinity, path: "" }];
  for (const level of levels) {
    const position: Position = { left: 0, right: 0 };
    const nodes: PlacedNode[] = [];
    let parent = 0;
    for (let at = 0; at < level.length; at += width) {
      const numbers = level.slice(at, at + width);
      const { start, extent } = read(numbers, position);
      const end = start + extent;
      while (parent < parents.length && !covers(parents[parent]!, start, end)) parent++;
      const name = names[numbers[width - 1]!] ?? "(no such name)";
      const path = `${parents[parent]?.path ?? "(no parent);"}${name}`;
      nodes.push({ start, end, path: `${path};` });
      rows.push([path, ...numbersToCompare(numbers)].join(" "));
    }
    parents = nodes;
  }
  return rows.sort();
}

function covers(parent: PlacedNode, start: number, end: number): boolean {
  const isEmpty = parent.end === parent.start;
  return start >= parent.start && end <= parent.end && (!isEmpty || start === parent.start);
}

/** Total and self, of each side. */
function numbersToCompare(numbers: readonly number[]): number[] {
  return [...numbers.slice(1, 3), ...(numbers.length === DIFF_WIDTH ? numbers.slice(4, 6) : [])];
}

function readSingle(numbers: readonly number[], position: Position): { start: number; extent: number } {
  const start = position.left + numbers[0]!;
  position.left = start + numbers[1]!;
  return { start, extent: numbers[1]! };
}

function readDiff(numbers: readonly number[], position: Position): { start: number; extent: number } {
  const left = position.left + numbers[0]!;
  const right = position.right + numbers[3]!;
  position.left = left + numbers[1]!;
  position.right = right + numbers[4]!;
  return { start: left + right, extent: numbers[1]! + numbers[4]! };
}
