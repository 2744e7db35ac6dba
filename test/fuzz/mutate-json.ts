import type { Random } from "@hearth/runtime";

/** Values that JSON readers stumble over. */
const ODD_VALUES: readonly unknown[] = [
  null,
  true,
  0,
  -1,
  1.5,
  1e300,
  -1e300,
  2 ** 53,
  "9223372036854775807",
  "-9223372036854775808",
  "18446744073709551616",
  "NaN",
  "Infinity",
  "",
  "x".repeat(5000),
  "\u0000",
  "\ud800",
  "🔥".repeat(300),
  "{}",
  '{a="b"}',
  '{a=~"(a+)+$"}',
  '{a=~"((((((((((x{50}){50}){50}))))))))"}',
  "a:b:c:d:e",
  "process_cpu:cpu:nanoseconds:cpu:nanoseconds",
  [],
  {},
  [[[[[[[[[[]]]]]]]]]],
  Array.from({ length: 2000 }, () => ""),
];

/** A copy with one value somewhere in it replaced, removed, doubled or put below itself. */
export function mutateJson(json: unknown, random: Random): unknown {
  const copy = structuredCloneOf(json);
  const parents = parentsIn(copy);
  if (parents.length === 0) return pick(ODD_VALUES, random);
  const parent = pick(parents, random);
  const key = pick(Object.keys(parent), random);
  const value = parent[key];
  switch (Math.floor(random.next() * 6)) {
    case 0:
      Reflect.deleteProperty(parent, key);
      break;
    case 1:
      parent[key] = [value, value];
      break;
    case 2:
      parent[`${key}${pick(["", "x", "_", "__proto__"], random)}`] = pick(ODD_VALUES, random);
      break;
    case 3:
      parent[key] = { [key]: value };
      break;
    default:
      parent[key] = pick(ODD_VALUES, random);
  }
  return copy;
}

type Parent = Record<string, unknown>;

/** Objects and lists that have something in them. */
function parentsIn(value: unknown): Parent[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(parentsIn);
  return Object.keys(value).length === 0 ? inside : [value as Parent, ...inside];
}

function structuredCloneOf(json: unknown): unknown {
  return JSON.parse(JSON.stringify(json ?? null)) as unknown;
}

export function pick<T>(list: readonly T[], random: Random): T {
  return list[Math.floor(random.next() * list.length)]!;
}
