import { InvalidArgumentError } from "@hearth/errors";
import type { Label } from "./label.ts";
import { labelValue } from "./label-set.ts";

/** A text in which `${labels.name}` stands for the value of a label. */
export interface LabelTemplate {
  /** Whether it is the same for every series. */
  readonly isStatic: boolean;
  /** @returns the text for a series; nothing when the series lacks one of the labels. */
  expand(labels: readonly Label[]): string | undefined;
}

const PLACEHOLDER = /\$\{labels\.([^}]+)\}/gu;

/** @throws {InvalidArgumentError} when a `${` begins nothing that could be expanded. */
export function parseLabelTemplate(text: string): LabelTemplate {
  // Texts and names of labels in turn, beginning and ending with a text.
  const parts = text.split(PLACEHOLDER);
  if (parts.some((part, index) => index % 2 === 0 && part.includes("${"))) {
    throw new InvalidArgumentError(`only \${labels.name} can stand in a template: template=${text}`);
  }
  if (parts.length === 1) return { isStatic: true, expand: () => text };
  return { isStatic: false, expand: (labels) => expandParts(parts, labels) };
}

function expandParts(parts: readonly string[], labels: readonly Label[]): string | undefined {
  let expanded = "";
  for (const [index, part] of parts.entries()) {
    const piece = index % 2 === 0 ? part : labelValue(labels, part);
    if (index % 2 === 1 && piece === "") return undefined;
    expanded += piece;
  }
  return expanded;
}
