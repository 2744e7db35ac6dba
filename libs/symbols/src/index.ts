export { checkBelow, checkParents, checkSymbols } from "./check-symbols.ts";
export type {
  FunctionColumns,
  LineColumns,
  LocationColumns,
  MappingColumns,
  StacktraceColumns,
  StringColumn,
  Symbols,
} from "./columns.ts";
export { grown } from "./growable.ts";
export { finish, hashBytes, mix } from "./hash.ts";
export { pickSymbols } from "./pick-symbols.ts";
export { PairInterner } from "./pair-interner.ts";
export { SlotTable } from "./slot-table.ts";
export { StringInterner } from "./string-interner.ts";
export { stringAt } from "./string-at.ts";
export { SymbolsBuilder } from "./symbols-builder.ts";
