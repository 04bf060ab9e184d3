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

/**
 * Returns the whole environment of a child: the few variables that programs
 * need, so that nothing else of the daemon's (its tokens) reaches a command.
 */
export function childEnvironment(
  source: EnvironmentSource,
): Record<string, string> {
  const { own, shell } = source;
  const os = source.os ?? Deno.build.os;
  const environment: Record<string, string> = {
    PATH: source.execPath || completePath(own("PATH"), own("HOME")),
    SHELL: shell,
    LANG: own("LANG") || (os === "darwin" ? "en_US.UTF-8" : "C.UTF-8"),
    TMPDIR: own("TMPDIR") || "/tmp",
    TERM: "dumb",
  };
  const home = own("HOME");
  if (home) environment.HOME = home;
  const user = own("USER") || own("LOGNAME");
  if (user) environment.USER = user;
  return environment;
}

interface EnvironmentSource {
  /** The daemon's own variables; only the named few are taken over. */
  readonly own: (name: string) => string | undefined;
  /** The shell that runs commands, an absolute path. */
  readonly shell: string;
  /** `BAA_EXEC_PATH`; not given: the daemon's own PATH, completed. */
  readonly execPath?: string | undefined;
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
