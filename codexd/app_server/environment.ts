import { completePath } from "../../host_ops/process/mod.ts";
import { MARK_VARIABLE } from "./orphans.ts";

/** Variables of codexd's own that Codex gets; none of them is codexd's secret. */
const INHERITED = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "CODEX_HOME",
  "CODEX_API_KEY",
  "OPENAI_API_KEY",
  "OPENAI_BASE_URL",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "RUST_LOG",
] as const;

/** Everything that codexd reads from the environment on Codex's behalf. */
export const CODEX_VARIABLES = [...INHERITED, "PATH", "TMPDIR"] as const;

/** Values of the environment that must never reach a log. */
export function secretValues(
  inherited: CodexEnvironmentSource["inherited"],
): string[] {
  return [...inherited].flatMap(([name, value]) =>
    /KEY|TOKEN|SECRET/.test(name) && value !== "" ? [value] : []
  );
}

/** Returns the whole environment of the app-server. */
export function codexEnvironment(
  source: CodexEnvironmentSource,
): Record<string, string> {
  const { inherited, execPath, mark } = source;
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = inherited.get(name);
    if (value) env[name] = value;
  }
  return {
    ...env,
    PATH: execPath ??
      completePath(inherited.get("PATH"), inherited.get("HOME")),
    TMPDIR: temporaryFolder(source),
    TERM: "dumb",
    NO_COLOR: "1",
    [MARK_VARIABLE]: mark,
  };
}

export interface CodexEnvironmentSource {
  /** Those of {@linkcode CODEX_VARIABLES} that are set. */
  readonly inherited: ReadonlyMap<string, string>;
  /** `BAA_EXEC_PATH`. */
  readonly execPath: string | undefined;
  /** For temporary files of Codex, where its own choice would not work. */
  readonly tmpDir: string;
  /** Marks the processes of this codexd: see {@linkcode MARK_VARIABLE}. */
  readonly mark: string;
}

/**
 * Codex refuses to make its sandbox helper under the temporary folder: with
 * CODEX_HOME in there, every sandboxed command would fail.
 */
function temporaryFolder(source: CodexEnvironmentSource): string {
  const { inherited, tmpDir } = source;
  const usual = inherited.get("TMPDIR") || "/tmp";
  const home = inherited.get("CODEX_HOME") ?? "";
  return isWithin(home, usual) || isWithin(home, "/tmp") ? tmpDir : usual;
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder.replace(/(?<!\/)\/+$/, "")}/`);
}

/** Arguments that start the app-server and keep it from the network and from the owner's shell files. */
export const APP_SERVER_ARGS = [
  "app-server",
  "-c",
  "check_for_update_on_startup=false",
  // Without this it asks GitHub for plugins at each start.
  "-c",
  "features.plugins=false",
  "-c",
  "features.shell_snapshot=false",
  // Otherwise a refused connection is tried again for ever and the turn never ends.
  "-c",
  "features.unbounded_connection_retries=false",
] as const;
