import { parse as parseYaml } from "yaml";
import type { ZodType } from "zod";
import {
  BadValue,
  boolKind,
  choiceKind,
  durationKind,
  floatKind,
  intKind,
  listKind,
  secretKind,
  sizeKind,
  stringKind,
  structuredKind,
  type Kind,
} from "./kind.ts";

/** One setting: its type, default and bounds, where it can be given, and what it does. */
export interface Setting<T> {
  readonly kind: Kind<T>;
  readonly default: T;
  /** One or two sentences. */
  readonly doc: string;
  /** Without the leading dash, such as `server.http-listen-port`. */
  readonly flag: string | undefined;
  /** Path in the configuration file, such as `server.http_listen_port`. */
  readonly yaml: string | undefined;
  /** Other spellings that are accepted and not documented. */
  readonly flagAliases: readonly string[];
  readonly yamlAliases: readonly string[];
  /** Whether `-help` shows it; `-help-all` shows all. */
  readonly isCommon: boolean;
}

/** Where a setting can be given. `yaml` follows from the flag unless the file spells it otherwise. */
type Places =
  | { readonly flag: string; readonly yaml?: string | false }
  | { readonly flag?: undefined; readonly yaml: string };

type Options<T> = Places & {
  readonly default: T;
  readonly doc: string;
  readonly flagAliases?: readonly string[];
  readonly yamlAliases?: readonly string[];
  readonly common?: boolean;
};

interface Bounds<N> {
  readonly min?: N;
  readonly max?: N;
}

/** The kinds of settings. Durations are given as text (`"30s"`) and held in milliseconds; sizes are held in bytes. */
export const setting = {
  bool: (options: Options<boolean>): Setting<boolean> => make(boolKind, options),
  int: (options: Options<number> & Bounds<number>): Setting<number> => make(intKind(options), options),
  float: (options: Options<number> & Bounds<number>): Setting<number> => make(floatKind(options), options),
  sizeBytes: (options: Options<number> & Bounds<number>): Setting<number> => make(sizeKind(options), options),
  string: (options: Options<string>): Setting<string> => make(stringKind, options),
  secret: (options: Options<string>): Setting<string> => make(secretKind, options),
  /** Not below `0s` unless `min` says so; `0s` commonly means "off". */
  durationMs: (options: Options<string> & Bounds<string>): Setting<number> => {
    const exact = durationKind({});
    const kind = durationKind({
      min: exact.parse(options.min ?? "0s"),
      ...(options.max === undefined ? {} : { max: exact.parse(options.max) }),
    });
    return make(kind, { ...options, default: exact.parse(options.default) });
  },
  choice: <const C extends string>(
    options: Options<NoInfer<C>> & { readonly oneOf: readonly C[] },
  ): Setting<C> => make(choiceKind(options.oneOf), options),
  /** Comma-separated. */
  list: <const C extends string = string>(
    options: Options<readonly NoInfer<C>[]> & { readonly oneOf?: readonly C[] },
  ): Setting<readonly C[]> => make(listKind(options.oneOf), options),
  /** A structure in YAML, checked by a zod schema; as a flag, if it has one, its value is YAML or JSON. */
  structured: <T>(options: Options<NoInfer<T>> & { readonly schema: ZodType<T> }): Setting<T> =>
    make(structuredKind(options.schema, readYamlText), options),
};

function make<T>(kind: Kind<T>, options: Options<T>): Setting<T> {
  return {
    kind,
    default: options.default,
    doc: options.doc,
    flag: options.flag,
    yaml: options.yaml === false ? undefined : (options.yaml ?? options.flag?.replaceAll("-", "_")),
    flagAliases: options.flagAliases ?? [],
    yamlAliases: options.yamlAliases ?? [],
    isCommon: options.common ?? false,
  };
}

function readYamlText(text: string): unknown {
  try {
    return parseYaml(text);
  } catch (error) {
    throw new BadValue("must be YAML", { cause: error });
  }
}

export type Fields = Readonly<Record<string, Setting<unknown>>>;

/** The values of a schema, typed. */
export type Values<F extends Fields> = { readonly [K in keyof F]: F[K] extends Setting<infer T> ? T : never };

/** The settings of one package. */
export interface SettingsSchema<F extends Fields = Fields> {
  /** Heading in the reference. */
  readonly title: string;
  readonly fields: F;
  /** What is wrong with values that are fine one by one. */
  check(values: Values<F>): readonly string[];
}

/** The settings type of a schema: `export type ServerSettings = SettingsOf<typeof serverSettings>`. */
export type SettingsOf<S> = S extends SettingsSchema<infer F> ? Values<F> : never;

/**
 * Declares the settings of a package.
 *
 * @param check - names what does not fit together, one text per problem, starting with the flag.
 */
export function defineSettings<F extends Fields>(
  title: string,
  fields: F,
  check: (values: Values<F>) => readonly string[] = () => [],
): SettingsSchema<F> {
  return { title, fields, check };
}

/** The default of every setting: for tests and for `{ ...defaultsOf(schema), segmentDurationMs: 5 }`. */
export function defaultsOf<F extends Fields>(schema: SettingsSchema<F>): Values<F> {
  const values = Object.entries(schema.fields).map(([name, field]) => [name, field.default]);
  return Object.fromEntries(values) as Values<F>;
}

/** `server.http-listen-port` is `HEARTH_SERVER_HTTP_LISTEN_PORT` in the environment; what has no flag is not there. */
export function environmentName(field: Setting<unknown>): string | undefined {
  return field.flag === undefined
    ? undefined
    : `HEARTH_${field.flag.replaceAll(/[^a-zA-Z0-9]/gu, "_").toUpperCase()}`;
}
