/** Where programs usually are; launchd's own PATH lacks most of them. */
const USUAL_FOLDERS = [
  "/opt/homebrew/bin",
  "/opt/homebrew/sbin",
  "/usr/local/bin",
  "/usr/local/sbin",
  "/usr/bin",
  "/bin",
  "/usr/sbin",
  "/sbin",
];

/** Where a variable of a command came from. */
type VariableSource =
  | "default"
  | "the daemon's environment"
  | "the daemon's PATH, completed with the usual folders"
  | "BAA_EXEC_ENV"
  | "BAA_EXEC_PATH"
  | "BAA_SHELL";

/** Variables by name, and where each came from. */
export interface ChildEnvironment {
  readonly values: Readonly<Record<string, string>>;
  readonly sources: Readonly<Record<string, VariableSource>>;
}

/**
 * Returns the whole environment of a child: the few variables that programs
 * need and those that are passed on, so that nothing else of the daemon's (its
 * tokens) reaches a command.
 */
export function childEnvironment(source: EnvironmentSource): ChildEnvironment {
  const { own, shell, execPath, passOn = [], os = Deno.build.os } = source;
  const values: Record<string, string> = {};
  const sources: Record<string, VariableSource> = {};
  const set = (
    name: string,
    value: string | undefined,
    from: VariableSource,
  ) => {
    if (value === undefined) return;
    values[name] = value;
    sources[name] = from;
  };
  const inherit = (
    name: string,
    value: string | undefined,
    fallback?: string,
  ) =>
    set(
      name,
      value || fallback,
      value ? "the daemon's environment" : "default",
    );
  for (const name of passOn) set(name, own(name), "BAA_EXEC_ENV");
  set(
    "PATH",
    execPath || completePath(own("PATH"), own("HOME")),
    execPath
      ? "BAA_EXEC_PATH"
      : "the daemon's PATH, completed with the usual folders",
  );
  set("SHELL", shell, "BAA_SHELL");
  inherit("LANG", own("LANG"), os === "darwin" ? "en_US.UTF-8" : "C.UTF-8");
  inherit("TMPDIR", own("TMPDIR"), "/tmp");
  set("TERM", "dumb", "default");
  inherit("HOME", own("HOME"));
  inherit("USER", own("USER") || own("LOGNAME"));
  return { values, sources };
}

interface EnvironmentSource {
  /** The daemon's own variables; only those that are named are taken over. */
  readonly own: (name: string) => string | undefined;
  /** The shell that runs commands, an absolute path. */
  readonly shell: string;
  /** `BAA_EXEC_PATH`; not given: the daemon's own PATH, completed. */
  readonly execPath?: string | undefined;
  /** `BAA_EXEC_ENV`: names of further variables. */
  readonly passOn?: readonly string[];
  /** Default: the running one. */
  readonly os?: typeof Deno.build.os;
}

/** Returns a PATH with the usual folders that it lacks behind its own. */
export function completePath(
  path: string | undefined,
  home: string | undefined,
): string {
  const folders = (path ?? "").split(":").filter((it) => it !== "");
  const usual = home ? [`${home}/.local/bin`, ...USUAL_FOLDERS] : USUAL_FOLDERS;
  return [...new Set([...folders, ...usual])].join(":");
}
