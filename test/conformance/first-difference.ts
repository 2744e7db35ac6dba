const PRINTED_CHARACTERS = 300;

/** Where two JSON values first differ, in a sentence; undefined when they are equal. Keys are visited in their order. */
export function firstDifference(wanted: unknown, came: unknown, path = ""): string | undefined {
  if (JSON.stringify(wanted) === JSON.stringify(came)) return undefined;
  if (isParent(wanted) && isParent(came) && Array.isArray(wanted) === Array.isArray(came)) {
    for (const key of new Set([...Object.keys(wanted), ...Object.keys(came)])) {
      const inside = path === "" ? key : `${path}.${key}`;
      const difference = firstDifference(wanted[key], came[key], inside);
      if (difference !== undefined) return difference;
    }
  }
  return `${path}: wanted ${print(wanted)}, came ${print(came)}`;
}

function isParent(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function print(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value).slice(0, PRINTED_CHARACTERS);
}
