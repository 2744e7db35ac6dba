export type {
  FunctionColumns,
  LineColumns,
  LocationColumns,
  MappingColumns,
  StacktraceColumns,
  StringColumn,
  Symbols,
} from "./columns.ts";
