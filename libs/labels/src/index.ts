export type { Label, Labels } from "./label.ts";
