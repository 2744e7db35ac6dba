export { decodeOtlpExport } from "./binary/decode-export.ts";
export { decodeOtlpExportJson } from "./json/decode-json.ts";
export { convertOtlpExport, DEFAULT_CONVERT_LIMITS, type ConvertOptions } from "./convert/convert-export.ts";
export { DEFAULT_ATTRIBUTE_POLICY, type AttributePolicy } from "./convert/attribute-policy.ts";
export { buildServices, type ServiceColumns } from "./convert/build-services.ts";
export {
  MAX_REJECTIONS,
  type ConvertCounts,
  type ConvertedExport,
  type ConvertedProfile,
  type ConvertLimits,
  type LabelRefusal,
  type PrepareLabels,
  type ProfileRejection,
} from "./convert/converted-export.ts";
export {
  OUT_OF_RANGE,
  type OtlpAttribute,
  type OtlpAttributeValue,
  type OtlpDictionary,
  type OtlpExport,
  type OtlpLimits,
  type OtlpLink,
  type OtlpProfile,
  type OtlpResource,
  type OtlpSamples,
  type OtlpScope,
  type OtlpValueType,
} from "./otlp-export.ts";
