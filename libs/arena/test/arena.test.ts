import { describe, expect, it } from "@jest/globals";
import fc from "fast-check";
import { Arena, heap, type Memory } from "../src/index.ts";

const KINDS = ["uint8", "uint32", "int32", "float64"] as const;
const anyTask = fc.array(fc.tuple(fc.constantFrom(...KINDS), fc.nat(60)), { maxLength: 20 });

/** Takes the arrays of a task and fills each with a number of its own. */
function runTask(memory: Memory, task: readonly (readonly [(typeof KINDS)[number], number])[]) {
  return task.map(([kind, length], index) => {
    const array = memory[kind](length);
    const wasZero = array.every((element) => element === 0);
    array.fill(index + 1);
    return { array, length, index, wasZero };
  });
}

describe("an arena", () => {
  it("hands out zeroed arrays of the right length that never overlap, task after task", () => {
    fc.assert(
      fc.property(fc.array(anyTask, { maxLength: 6 }), (tasks) => {
        const arena = new Arena({ chunkBytes: 256, keptBytes: 1024 });
        for (const task of tasks) {
          const arrays = runTask(arena, task);
          for (const { array, length, index, wasZero } of arrays) {
            expect(wasZero).toBe(true);
            expect(array).toHaveLength(length);
            expect(array.every((element) => element === index + 1)).toBe(true);
          }
          arena.reset();
        }
      }),
    );
  });

  it("uses the same buffers for the next task", () => {
    const arena = new Arena({ chunkBytes: 256 });
    const first = arena.uint32(10);
    arena.reset();
    expect(arena.float64(10).buffer).toBe(first.buffer);
    expect(arena.sizeBytes).toBe(256);
  });

  it("lays what is larger than a buffer into one of its own, and gives it back", () => {
    const arena = new Arena({ chunkBytes: 256, keptBytes: 512 });
    arena.uint8(100);
    expect(arena.uint8(10_001)).toHaveLength(10_001);
    expect(arena.sizeBytes).toBe(256 + 10_008);
    arena.reset();
    expect(arena.sizeBytes).toBe(256);
  });
});

describe("the heap", () => {
  it("hands out arrays that have nothing to do with each other", () => {
    const arrays = runTask(
      heap,
      KINDS.map((kind) => [kind, 3] as const),
    );
    expect(new Set(arrays.map(({ array }) => array.buffer)).size).toBe(KINDS.length);
    expect(arrays.every(({ array, wasZero }) => wasZero && array.length === 3)).toBe(true);
  });
});
