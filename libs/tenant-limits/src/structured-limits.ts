import { parseDuration } from "@hearth/config";
import { InvalidArgumentError } from "@hearth/errors";
import { parseLabelTemplate, parseSelector } from "@hearth/labels";
import { z } from "zod";

/**
 * The limits that are more than one value. They exist only in YAML, and keep its spelling here: relabelling rules are
 * written the way Prometheus documents them.
 */

const relabelAction = z.enum([
  "replace",
  "keep",
  "drop",
  "hashmod",
  "labelmap",
  "labeldrop",
  "labelkeep",
  "lowercase",
  "uppercase",
  "keepequal",
  "dropequal",
]);

const relabelRule = z.strictObject({
  source_labels: z.array(z.string()).default([]),
  separator: z.string().default(";"),
  /** RE2, anchored at both ends. */
  regex: z.string().default("(.*)"),
  modulus: z.int().min(0).default(0),
  target_label: z.string().default(""),
  replacement: z.string().default("$1"),
  action: z
    .string()
    .transform((action) => action.toLowerCase())
    .pipe(relabelAction)
    .default("replace"),
});

/** A Prometheus relabelling rule, with its defaults filled in. */
export type RelabelRule = z.infer<typeof relabelRule>;

export const relabelRules = z.array(relabelRule);

export const sampleTypeRelabelRules = z.array(
  relabelRule.refine((rule) => rule.action === "keep" || rule.action === "drop", {
    path: ["action"],
    message: "must be keep or drop",
  }),
);

const duration = z.string().refine((text) => parseDuration(text) !== undefined, "must be a duration");

const ingestionLimit = z
  .strictObject({
    period_type: z.enum(["hour", "day", "month"]),
    period_limit_mb: z.number().min(0),
    /** When the period ends, Unix seconds. */
    limit_reset_time: z.int().min(0).default(0),
    limit_reached: z.boolean().default(false),
    /** What still passes when the limit is reached: so many requests in each period. */
    sampling: z
      .strictObject({ num_requests: z.int().min(0), period: duration })
      .default({ num_requests: 0, period: "0s" }),
    usage_groups: z
      .record(
        z.string(),
        z.strictObject({
          period_limit_mb: z.number().min(0).default(0),
          limit_reached: z.boolean().default(false),
        }),
      )
      .default({}),
  })
  .nullable();

/** A quota that somebody else keeps the books of: this process only obeys `limit_reached`. */
export type IngestionLimit = NonNullable<z.infer<typeof ingestionLimit>>;
export { ingestionLimit };

const sampling = z
  .strictObject({
    usage_groups: z.record(z.string(), z.strictObject({ probability: z.number().min(0).max(1) })).default({}),
  })
  .nullable();

/** Which share of the profiles of a usage group is kept. */
export type SamplingRules = NonNullable<z.infer<typeof sampling>>;
export { sampling };

const MAX_USAGE_GROUPS = 50;

/** Usage groups by name, which may be a template: a label selector each. */
export const usageGroups = z
  .record(z.string().min(1), z.string())
  .superRefine((groups, context) => {
    for (const [name, selector] of Object.entries(groups)) {
      const problem = problemOf(name, selector);
      if (problem !== undefined) context.addIssue({ code: "custom", path: [name], message: problem });
    }
  })
  .refine(
    (groups) => Object.keys(groups).length <= MAX_USAGE_GROUPS,
    `must be at most ${MAX_USAGE_GROUPS} groups`,
  )
  .refine((groups) => !Object.hasOwn(groups, "other"), "the group other is reserved")
  .nullable();

/** Why a usage group cannot be; nothing when it can. */
function problemOf(name: string, selector: string): string | undefined {
  try {
    parseLabelTemplate(name);
    parseSelector(selector);
    return undefined;
  } catch (error) {
    if (!(error instanceof InvalidArgumentError)) throw error;
    return error.message;
  }
}
