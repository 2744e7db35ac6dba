export {
  compileDeletion,
  coversLabels,
  type CompiledDeletion,
  type DataDeletion,
  type LabelCondition,
} from "./data-deletion.ts";
export { deletedSpans, type DeletedSpans, type SeriesDeletion } from "./deleted-spans.ts";
export {
  conditionFromWire,
  conditionToWire,
  deletionFromWire,
  deletionsOfBlock,
  deletionToWire,
} from "./deletion-codec.ts";
