export { Arena, heap, type Memory } from "./arena.ts";
