import type { Setting } from "./setting.ts";

/** Everything that is wrong with the configuration, one sentence a problem. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const title = "Cannot start: the configuration is not valid";
    super([title, ...problems].join("\n  "));
    this.problems = problems;
  }
}

/**
 * Reads every setting once. An empty variable counts as unset, except for a
 * secret: an owner who wrote one believes it is in force.
 */
export function readConfig<S extends Settings>(
  settings: S,
  env: (variable: string) => string | undefined,
): ReadConfig<SettingValues<S>> {
  const values: Record<string, unknown> = {};
  const lines: ConfigLine[] = [];
  const problems: string[] = [];
  for (const [key, setting] of Object.entries(settings)) {
    const given = env(setting.variable);
    const isSet = given !== undefined &&
      (given !== "" || setting.secret === true);
    const written = isSet ? given : expanded(setting.fallback, lines);
    const value = written === undefined ? undefined : setting.parse(written);
    if (written !== undefined && value === undefined) {
      const shown = setting.secret ? "***" : JSON.stringify(written);
      problems.push(`${setting.variable} is ${shown}: give ${setting.allowed}`);
    }
    values[key] = value;
    lines.push({
      variable: setting.variable,
      value: printable(setting, value),
      from: isSet ? "environment" : written === undefined ? "unset" : "default",
      doc: setting.doc,
    });
  }
  return { values: values as SettingValues<S>, lines, problems };
}

/**
 * Puts values that were read before in the place of their variables' names: a
 * default may lie in a folder that is a setting itself.
 */
function expanded(
  fallback: string | undefined,
  before: readonly ConfigLine[],
): string | undefined {
  const names = fallback?.match(/\$\w+/g) ?? [];
  return names.reduce<string | undefined>((text, name) => {
    const line = before.find((it) => `$${it.variable}` === name);
    // Not a valid one: that is a problem already, and no default comes of it.
    return typeof line?.value === "string"
      ? text?.replace(name, () => String(line.value))
      : undefined;
  }, fallback);
}

/** The settings that one process reads, by the name that its code uses. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

type ValueOf<S> = S extends Setting<infer T> ? T : never;

/** The typed record: undefined only where a setting has no default. */
export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]:
    | ValueOf<S[K]>
    | (S[K] extends { readonly fallback: string } ? never : undefined);
};

/** One line of `--print-config`. */
export interface ConfigLine {
  readonly variable: string;
  readonly value: unknown;
  readonly from: "default" | "environment" | "unset";
  readonly doc: string;
}

/** What was read: the values, and how each came to be. */
export interface ReadConfig<V> {
  readonly values: V;
  readonly lines: readonly ConfigLine[];
  readonly problems: readonly string[];
}

function printable(
  { secret }: Pick<Setting<unknown>, "secret">,
  value: unknown,
): unknown {
  if (value === undefined) return null;
  if (secret === true) return "***";
  return value instanceof URL ? value.origin : value;
}
