/**
 * Renders the permissions of the daemons from the configuration: the one truth
 * for `deno task`, the tests, `deno compile` and the sets in deno.json.
 *
 * @module
 */
import { dirname } from "@std/path";
import { CODEX_VARIABLES } from "../codexd/app_server/mod.ts";
import { CODEXD_SETTINGS } from "../codexd/config.ts";
import { CONDUCTOR_SETTINGS } from "../conductor/config.ts";
import {
  ConfigError,
  readConfig,
  type Settings,
  type SettingValues,
} from "../shared/config/mod.ts";
import {
  STATUS_API_SETTINGS,
  upstreamOf,
} from "../conductor/status/api/mod.ts";

/** The daemons that permissions are rendered for. */
export type Program = "conductor" | "codexd";

/** What a daemon may do; `true` is everything of that category. */
export interface PermissionSet {
  readonly read: true | readonly string[];
  readonly write: true | readonly string[];
  /** What of it may not be written after all. */
  readonly denyWrite?: readonly string[];
  readonly net: readonly string[];
  readonly run: readonly string[];
  readonly env: readonly string[];
  readonly sys: readonly string[];
}

type Env = (variable: string) => string | undefined;

/**
 * Not said, a program may import code from a list of hosts, and `--deny-import`
 * alone takes none of them away: so the one that it may import from is none.
 */
export const NO_IMPORTS = "none.invalid:443";

/** Environment that commands inherit a part of: see host_ops. */
const CHILD_ENV = [
  "PATH",
  "HOME",
  "USER",
  "LOGNAME",
  "LANG",
  "TMPDIR",
];

/** What else a program is to do. */
interface PermissionOptions {
  /** conductor's program runs as the status wrapper, too. */
  readonly withStatusApi?: boolean;
}

/** Returns the permissions that a daemon needs under a configuration. */
export function permissionsOf(
  program: Program,
  env: Env,
  options: PermissionOptions = {},
): PermissionSet {
  if (program === "codexd") return codexdSet(env);
  const own = conductorSet(env);
  return options.withStatusApi ? withStatusApi(own, env) : own;
}

/** What the wrapper needs beside: its address, conductor's, and their names. */
function withStatusApi(own: PermissionSet, env: Env): PermissionSet {
  const config = readConfig(STATUS_API_SETTINGS, env);
  const upstream = upstreamOf(config);
  return {
    ...own,
    net: distinct([
      ...own.net,
      ...listenAddresses(config.values.statusApi),
      addressOf(upstream),
    ]),
    env: distinct([
      ...own.env,
      ...Object.values(STATUS_API_SETTINGS).map((it) => it.variable),
    ]),
  };
}

/** What a client of `url` connects to. */
function addressOf({ hostname, port, protocol }: URL): string {
  return `${hostname}:${port || DEFAULT_PORTS[protocol]}`;
}

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  "http:": "80",
  "https:": "443",
};

function distinct(values: readonly string[]): string[] {
  return [...new Set(values)];
}

function conductorSet(env: Env): PermissionSet {
  const values = valuesOf(CONDUCTOR_SETTINGS, env);
  const socket = socketElsewhere(values);
  const own = [values.stateDir, values.logsDir, ...socket];
  const secrets = [values.sharedTokenFile, values.notifySecretFile]
    .filter((it) => it !== undefined);
  return {
    read: values.readRoots === undefined ? true : bothForms([
      ...values.readRoots,
      ...values.writeRoots ?? [],
      ...own,
      // Whose it is, and who may write there: the socket is as good as that.
      ...socket.map((it) => dirname(it)),
      ...secrets,
    ]),
    write: values.writeRoots === undefined
      ? true
      : bothForms([...values.writeRoots, ...own, values.tmpDir]),
    ...(values.leftOut !== undefined && {
      denyWrite: bothForms(values.leftOut),
    }),
    net: [
      ...listenAddresses(values.conductorLocalApi),
      // The name that codexd is called by; nothing is sent to who holds it.
      ...listenAddresses(values.codexdLocalApi).slice(0, 1),
      ...socketAddress(values),
      ...values.notifyUrl === undefined ? [] : [addressOf(values.notifyUrl)],
    ],
    run: [values.shell],
    env: distinct([
      ...Object.values(CONDUCTOR_SETTINGS).map((it) => it.variable),
      ...CHILD_ENV,
      ...values.execEnv,
    ]),
    // BAA_UMASK, and the room on the disk, for the status.
    sys: ["umask", "statfs"],
  };
}

function codexdSet(env: Env): PermissionSet {
  const values = valuesOf(CODEXD_SETTINGS, env);
  return {
    read: true,
    write: bothForms([
      values.stateDir,
      values.logsDir,
      values.tmpDir,
      ...socketElsewhere(values),
    ]),
    net: [
      ...listenAddresses(values.codexdLocalApi),
      ...socketAddress(values),
    ],
    run: [values.shell],
    env: [
      ...Object.values(CODEXD_SETTINGS).map((it) => it.variable),
      ...CODEX_VARIABLES,
    ],
    sys: ["umask"],
  };
}

/** What both daemons need to know of codexd's socket. */
interface SocketPlace {
  readonly stateDir: string;
  readonly codexdSocket: string;
}

/** The flag splits at commas, and has no way to write one; codexd refuses such a path. */
function socketAddress({ codexdSocket }: SocketPlace): readonly string[] {
  return codexdSocket.includes(",") ? [] : [`unix:${codexdSocket}`];
}

/** The socket, when it does not lie in the state that is given anyway. */
function socketElsewhere(
  { stateDir, codexdSocket }: SocketPlace,
): readonly string[] {
  return codexdSocket.startsWith(`${stateDir}/`) ? [] : [codexdSocket];
}

/** Whether the daemon accepts the values is its own to judge, at its start. */
function valuesOf<S extends Settings>(settings: S, env: Env): SettingValues<S> {
  const { values, problems } = readConfig(settings, env);
  if (problems.length > 0) throw new ConfigError(problems);
  return values;
}

/** Returns the `deno run` / `deno compile` flags of a set. */
export function permissionFlags(set: PermissionSet): string[] {
  const listed = (name: string, value: readonly string[]) =>
    value.length === 0 ? [] : [`--${name}=${value.map(escapeComma).join(",")}`];
  const flag = (name: string, value: true | readonly string[]) =>
    value === true ? [`--allow-${name}`] : listed(`allow-${name}`, value);
  return [
    "--no-prompt",
    `--allow-import=${NO_IMPORTS}`,
    ...flag("read", set.read),
    ...flag("write", set.write),
    ...listed("deny-write", set.denyWrite ?? []),
    ...flag("net", set.net),
    ...flag("run", set.run),
    ...flag("env", set.env),
    ...flag("sys", set.sys),
  ];
}

/** A comma in a path is written twice: one alone would grant two other paths. */
function escapeComma(value: string): string {
  return value.replaceAll(",", ",,");
}

/** An address, and both of loopback with the same port. */
function listenAddresses(base: URL): string[] {
  const port = base.port === "" ? "80" : base.port;
  const host = base.hostname === "localhost" ? "127.0.0.1" : base.hostname;
  return distinct([host, "127.0.0.1", "[::1]"].map((it) => `${it}:${port}`));
}

/** Each path as it is given and by its real path: path permissions are lexical. */
function bothForms(paths: readonly string[]): string[] {
  return [
    ...new Set(paths.flatMap((path) => {
      try {
        return [path, Deno.realPathSync(path)];
      } catch {
        return [path];
      }
    })),
  ];
}
