export { buildSeriesIndex, type SeriesIndex, type LabelColumn } from "./series-index.ts";
export {
  distinctLabelSets,
  labelNames,
  labelValues,
  labelsOf,
  selectSeries,
  type LabelMatcher,
} from "./select-series.ts";
