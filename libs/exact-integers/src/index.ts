export { ExactSums, exactColumnFromBigInts, exactToBigInt, WORD, type ExactColumn } from "./exact-column.ts";
