import { parseEnv } from "node:util";
import { join } from "@std/path";
import { SETTINGS } from "../../../shared/config/mod.ts";

/** Where a setting of the node came from, weakest first. */
const SOURCES = [
  "the installer",
  "mini.env",
  "the last install",
  "the environment",
  "a flag",
] as const;
type Source = typeof SOURCES[number];
type Sources = Readonly<Partial<Record<Source, Variables>>>;

/** A setting as it goes into a property list. */
interface Chosen {
  readonly value: string;
  readonly from: Source;
}

/** The node's settings by variable. */
export type NodeSettings = ReadonlyMap<string, Chosen>;

/** Values by the names of their variables. */
export type Variables = Readonly<Record<string, string>>;

/** What the installer finds out about the machine. */
interface Found {
  readonly prefix: string;
  readonly home: string;
  /** The property lists of the services. */
  readonly plists: readonly string[];
  /** Temporary folders that exist whatever the session. */
  readonly temporaryFolders: readonly string[];
  /** The owner's PATH at login; undefined when the shell did not tell. */
  readonly loginPath: string | undefined;
  /** Variables at login that commands get: see `BAA_EXEC_ENV`. */
  readonly passedOn: Variables;
  /** Where the Codex CLI is; undefined when there is none. */
  readonly codex: string | undefined;
}

/** Every setting but the legacy name, which always says what the new one says. */
const KNOWN: ReadonlySet<string> = new Set(
  Object.values(SETTINGS).filter((it) => it !== SETTINGS.controlApiBase)
    .map((it) => it.variable),
);

/** Reads a settings file; a misspelt variable is a problem, not a silence. */
export function readSettingsFile(
  text: string,
  name: string,
): { readonly values: Variables; readonly problems: readonly string[] } {
  const values = definedValues(parseEnv(text));
  const problems = text.split("\n").flatMap((line, index) => {
    const isWritten = /^\s*[^#\s]/.test(line);
    const variable = /^\s*(?:export\s+)?([A-Za-z_]\w*)\s*=/.exec(line)?.[1];
    if (!isWritten || (variable !== undefined && KNOWN.has(variable))) {
      return [];
    }
    const what = variable === undefined
      ? "is not a line of the form NAME=value"
      : `sets ${variable}, which nothing reads`;
    return [`${name}, line ${index + 1}, ${what}`];
  });
  return { values, problems };
}

export function settingsIn(environment: Variables): Variables {
  return Object.fromEntries(
    Object.entries(environment).filter(([variable]) => KNOWN.has(variable)),
  );
}

/**
 * Puts the sources on top of one another. An empty value takes a weaker one
 * away, so that `BAA_CONDUCTOR_PUBLIC_API_BASE=` means: none.
 */
export function chooseSettings(sources: Sources): NodeSettings {
  const chosen = new Map<string, Chosen>();
  for (const from of SOURCES) {
    for (const [variable, value] of Object.entries(sources[from] ?? {})) {
      if (value === "") chosen.delete(variable);
      else chosen.set(variable, { value, from });
    }
  }
  return chosen;
}

/** Adds what only the installer knows, beneath everything that was chosen. */
export function completeSettings(
  chosen: NodeSettings,
  found: Found,
): NodeSettings {
  const roots = [found.home, ...found.temporaryFolders].join(":");
  const computed: Readonly<Record<string, string | undefined>> = {
    BAA_STATE_DIR: join(found.prefix, "state"),
    BAA_LOGS_DIR: join(found.prefix, "logs"),
    BAA_TMP_DIR: join(found.prefix, "tmp"),
    BAA_CODEXD_SOCKET: shortSocket(
      chosen.get("BAA_STATE_DIR")?.value ?? join(found.prefix, "state"),
      found.home,
    ),
    BAA_HOST_OPS_READ_ROOTS: roots,
    BAA_HOST_OPS_WRITE_ROOTS: roots,
    BAA_HOST_OPS_LEFT_OUT: [join(found.prefix, "bin"), ...found.plists]
      .join(":"),
    BAA_EXEC_PATH: found.loginPath,
    BAA_CODEX_BIN: found.codex,
    ...found.passedOn,
    BAA_STATUS_API: besides(chosen.get("BAA_CONDUCTOR_LOCAL_API")?.value),
  };
  return new Map([
    ...Object.entries(definedValues(computed)).map(([variable, value]) =>
      [variable, { value, from: "the installer" }] as const
    ),
    ...chosen,
  ]);
}

/**
 * What a later run has to be told again: neither found nor in the file. An
 * empty value too, else that run would take what the file says.
 */
export function toRemember(sources: Sources): Variables {
  return {
    ...sources["the last install"],
    ...sources["the environment"],
    ...sources["a flag"],
  };
}

/** The wrapper goes where conductor is, on its own port. */
function besides(conductor: string | undefined): string | undefined {
  if (conductor === undefined || !URL.canParse(conductor)) return undefined;
  return `http://${new URL(conductor).hostname}:4318`;
}

/** A place for codexd's socket when its own, in the state, cannot be one. */
function shortSocket(stateDir: string, home: string): string | undefined {
  const { parse, fallback } = SETTINGS.codexdSocket;
  const usual = fallback.replace("$BAA_STATE_DIR", () => stateDir);
  return parse(usual) === undefined || usual.includes(",")
    ? join(home, ".baa-conductor", "codexd.sock")
    : undefined;
}

/** Leaves out what is undefined. */
export function definedValues(
  values: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(values).filter((it): it is [string, string] =>
      it[1] !== undefined
    ),
  );
}
