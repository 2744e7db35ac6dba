import { seededRandom } from "@hearth/runtime";
import { decodeTree, encodeTree, flameGraph, TreeBuilder, truncateTree, type Tree } from "@hearth/tree";
import { bench, group } from "mitata";

const NODE_COUNT = 300_000;
const NAME_COUNT = 20_000;

/** Deep and wide like the tree of a large program: a new node hangs below one of the last few hundred. */
function largeTree(seed: number): Tree {
  const random = seededRandom(seed);
  const builder = new TreeBuilder(NODE_COUNT);
  const names = Array.from({ length: NAME_COUNT }, (_, i) =>
    builder.name(`example.com/package${i % 300}/internal/part.(*Thing).Method${i}`),
  );
  const recent = new Uint32Array(300);
  while (builder.nodeCount < NODE_COUNT) {
    const parent = recent[Math.floor(random.next() * recent.length)]!;
    const node = builder.child(parent, names[Math.floor(random.next() ** 2 * NAME_COUNT)]!);
    recent[Math.floor(random.next() * recent.length)] = random.next() < 0.01 ? 0 : node;
    builder.addSelf(node, 1 + Math.floor(random.next() ** 8 * 1e9));
  }
  return builder.build();
}

export function register(): void {
  const tree = largeTree(1);
  const other = largeTree(2);
  const encoded = encodeTree(tree);
  group("tree of 300,000 nodes", () => {
    bench("merge into an empty builder", () => {
      const builder = new TreeBuilder();
      builder.addTree(tree);
      return builder.nodeCount;
    });
    bench("merge two and build", () => {
      const builder = new TreeBuilder(NODE_COUNT);
      builder.addTree(tree);
      builder.addTree(other);
      return builder.build();
    });
    bench("truncate to 8,192 and draw", () => flameGraph(truncateTree(tree, 8192)));
    bench("encode", () => encodeTree(tree));
    bench("decode", () => decodeTree(encoded));
  });
}
