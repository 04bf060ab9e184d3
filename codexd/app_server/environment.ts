import { INHERITED } from "../codex_variables.ts";
import { completePath } from "../../host_ops/process/mod.ts";
import { LIFE_VARIABLE } from "./orphans.ts";

/** What the environment of the app-server is made from. */
export interface CodexEnvironmentSource {
  readonly own: (variable: string) => string | undefined;
  /** `BAA_EXEC_PATH`. */
  readonly execPath: string | undefined;
  /** A folder of codexd's own for temporary files. */
  readonly tmpDir: string;
  /** See {@linkcode LIFE_VARIABLE}. */
  readonly mark: string;
}

/** Returns the whole environment of the app-server. */
export function codexEnvironment(
  source: CodexEnvironmentSource,
): Record<string, string> {
  const { own, execPath, tmpDir, mark } = source;
  const env: Record<string, string> = {};
  for (const name of INHERITED) {
    const value = own(name);
    if (value !== undefined && value !== "") env[name] = value;
  }
  return {
    ...env,
    PATH: execPath ?? completePath(own("PATH"), own("HOME")),
    TMPDIR: temporaryFolder(own, tmpDir),
    TERM: "dumb",
    NO_COLOR: "1",
    [LIFE_VARIABLE]: mark,
  };
}

/**
 * Codex refuses to make its sandbox helper under the temporary folder: with
 * CODEX_HOME in there, every sandboxed command would fail.
 */
function temporaryFolder(
  own: (variable: string) => string | undefined,
  tmpDir: string,
): string {
  const usual = own("TMPDIR") || "/tmp";
  const home = own("CODEX_HOME") ?? "";
  return isWithin(home, usual) || isWithin(home, "/tmp") ? tmpDir : usual;
}

function isWithin(path: string, folder: string): boolean {
  return `${path}/`.startsWith(`${folder.replace(/\/+$/, "")}/`);
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
