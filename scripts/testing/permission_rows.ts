import { CODEX_VARIABLES } from "../../codexd/app_server/mod.ts";
import { CODEXD_SETTINGS } from "../../codexd/config.ts";
import { CONDUCTOR_SETTINGS } from "../../conductor/config.ts";
import { STATUS_API_SETTINGS } from "../../conductor/status/api/mod.ts";
import { SETTINGS, type Settings } from "../../shared/config/mod.ts";
import type { PermissionSet, Program } from "../permissions.ts";

/** What a permission is for, and what stops when it is taken away. */
export interface PermissionRow {
  readonly program: Program | "status-api";
  readonly flag: Exclude<keyof PermissionSet, "denyWrite">;
  /** The values that the row is about. */
  readonly of: (values: Places) => readonly string[];
  readonly feature: string;
  readonly without: Effect | readonly Effect[];
}

/** What is seen from outside when a permission is missing. */
export type Effect =
  | "does not start"
  | "files/read fails"
  | "files/write fails"
  | "exec fails"
  | "disk is unknown"
  | "old logs stay"
  | "codexd is not reached"
  | "conductor is not read"
  | "Codex does not run";

/** The values of a configuration that permissions are rendered from. */
export interface Places {
  readonly readRoot: string;
  readonly writeRoot: string;
  readonly state: string;
  readonly logs: string;
  readonly tmp: string;
  readonly token: string;
  readonly shell: string;
  readonly listen: string;
  readonly codexd: string;
  readonly statusApi: string;
}

/** Every permission of the compiled programs has a row; a row is a test. */
export const PERMISSION_ROWS: readonly PermissionRow[] = [
  {
    program: "conductor",
    flag: "read",
    of: ({ readRoot }) => [readRoot],
    feature: "files/read in its root",
    without: "files/read fails",
  },
  {
    program: "conductor",
    flag: "read",
    of: ({ writeRoot }) => [writeRoot],
    feature: "files/write finds the real path and the file that is there",
    without: "files/write fails",
  },
  {
    program: "conductor",
    flag: "read",
    of: ({ state }) => [state],
    feature: "the database",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "read",
    of: ({ logs }) => [logs],
    feature: "rotation finds the log files that are too many",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "read",
    of: ({ token }) => [token],
    feature: "the shared token",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "write",
    of: ({ writeRoot }) => [writeRoot],
    feature: "files/write in its root",
    without: "files/write fails",
  },
  {
    program: "conductor",
    flag: "write",
    of: ({ state, logs, tmp }) => [state, logs, tmp],
    feature: "the daemon's own folders",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "net",
    of: ({ listen }) => onLoopback(listen),
    feature: "the listener, on both addresses of loopback",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "net",
    of: ({ codexd, state }) => [codexd, socketIn(state)],
    feature: "Codex, through codexd's socket, by codexd's name",
    without: "codexd is not reached",
  },
  {
    program: "conductor",
    flag: "run",
    of: ({ shell }) => [shell],
    feature: "exec, and the folder that files/write enters in its root",
    without: ["files/write fails", "exec fails"],
  },
  {
    program: "conductor",
    flag: "sys",
    of: () => ["statfs"],
    feature: "the room on the disk in the status",
    without: "disk is unknown",
  },
  {
    program: "conductor",
    flag: "sys",
    of: () => ["umask"],
    feature: "BAA_UMASK",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "env",
    of: () => variables(CONDUCTOR_SETTINGS),
    feature: "the configuration",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "env",
    of: () => ["PATH", "HOME", "USER", "LOGNAME", "LANG", "TMPDIR"],
    feature: "the environment of commands",
    without: "does not start",
  },
  {
    program: "conductor",
    flag: "env",
    of: () => SETTINGS.execEnv.fallback.split(","),
    feature: "what BAA_EXEC_ENV has commands get beside it",
    without: "does not start",
  },
  {
    program: "codexd",
    flag: "read",
    of: () => ["everything"],
    feature: "its own state; Codex, and sessions, wherever they are",
    without: "does not start",
  },
  {
    program: "codexd",
    flag: "write",
    of: ({ state, logs, tmp }) => [state, logs, tmp],
    feature: "the daemon's own folders",
    without: "does not start",
  },
  {
    program: "codexd",
    flag: "net",
    of: ({ codexd, state }) => [...onLoopback(codexd), socketIn(state)],
    feature: "the listener, and the socket beside it",
    without: "does not start",
  },
  {
    program: "codexd",
    flag: "run",
    of: ({ shell }) => [shell],
    feature: "Codex's app-server and the reaper of its commands",
    without: "Codex does not run",
  },
  {
    program: "codexd",
    flag: "sys",
    of: () => ["umask"],
    feature: "BAA_UMASK, and its socket that nobody else may use",
    without: "does not start",
  },
  {
    program: "codexd",
    flag: "env",
    of: () => variables(CODEXD_SETTINGS),
    feature: "the configuration",
    without: "does not start",
  },
  {
    program: "codexd",
    flag: "env",
    of: () => CODEX_VARIABLES,
    feature: "the environment of Codex",
    without: "does not start",
  },
  {
    program: "status-api",
    flag: "net",
    of: ({ statusApi }) => onLoopback(statusApi),
    feature: "the wrapper's listener",
    without: "does not start",
  },
  {
    program: "status-api",
    flag: "net",
    of: ({ listen }) => [listen],
    feature: "the wrapper reads conductor",
    without: "conductor is not read",
  },
  {
    program: "status-api",
    flag: "env",
    of: () => variables(STATUS_API_SETTINGS),
    feature: "the wrapper's configuration",
    without: "does not start",
  },
];

function socketIn(state: string): string {
  return `unix:${state}/codexd/codexd.sock`;
}

function variables(settings: Settings): string[] {
  return Object.values(settings).map((it) => it.variable);
}

/** An address of 127.0.0.1, and the one of [::1] with its port. */
function onLoopback(address: string): string[] {
  return [address, address.replace("127.0.0.1", "[::1]")];
}
