/** A flag as it stands on the command line. */
export interface GivenFlag {
  readonly name: string;
  /** `undefined` if none was given: `-version`. */
  readonly value: string | undefined;
}

/** How a flag takes its value. An unknown one takes the next argument unless that is a flag itself. */
export type FlagShape = "bool" | "value" | "unknown";

/**
 * Splits a command line the way Go programs do: one or two dashes, `-name=value` or `-name value`, and switches
 * without a value, which never take the next argument (`-enabled=false` turns one off).
 */
export function parseFlags(
  argv: readonly string[],
  shapeOf: (name: string) => FlagShape,
): { flags: GivenFlag[]; problems: string[] } {
  const flags: GivenFlag[] = [];
  const problems: string[] = [];
  for (let index = 0; index < argv.length; index++) {
    const argument = argv[index] ?? "";
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/su.exec(argument);
    if (match === null) {
      problems.push(`unexpected argument: ${JSON.stringify(argument)}`);
      continue;
    }
    const [, name = "", value] = match;
    const next = argv[index + 1];
    if (value === undefined && takesNext(shapeOf(name), next)) {
      flags.push({ name, value: next });
      index++;
    } else {
      flags.push({ name, value });
    }
  }
  return { flags, problems };
}

function takesNext(shape: FlagShape, next: string | undefined): boolean {
  if (next === undefined || shape === "bool") return false;
  return shape === "value" || !next.startsWith("-");
}
