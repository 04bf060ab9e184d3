import { dirname, join } from "@std/path";
import type { NodeSettings, Variables } from "./node_settings.ts";
import type { Scope } from "./options.ts";
import type { Program } from "../../permissions.ts";
import type { Service } from "./services.ts";

/** Whom the services belong to and run as. */
export interface Owner {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  readonly home: string;
}

/** One installation of the services on this machine. */
export interface Installation {
  /** Working folder of the services; programs, state and logs lie in it. */
  readonly prefix: string;
  readonly scope: Scope;
  readonly owner: Owner;
  readonly settings: NodeSettings;
}

/**
 * The mode of what holds settings: an address in them may be a secret.
 * launchd reads it all the same, and refuses what others may write.
 */
export const OWNERS_ALONE = 0o600;

/** Where the compiled program lies. */
export function programPath(
  program: Program,
  { prefix }: Pick<Installation, "prefix">,
): string {
  return join(prefix, "bin", program);
}

/** What decides where property lists lie. */
interface Place {
  readonly scope: Scope;
  readonly owner: Pick<Owner, "home">;
}

/** The folder from which launchd loads property lists by itself. */
export function plistFolder(
  { scope, owner }: Place,
): string {
  return scope === "daemon"
    ? "/Library/LaunchDaemons"
    : join(owner.home, "Library", "LaunchAgents");
}

/** Where the rendered property list of a service lies. */
export function plistPath(
  service: Pick<Service, "label">,
  place: Place,
): string {
  return join(plistFolder(place), `${service.label}.plist`);
}

/** Where launchd writes what the program prints before it logs by itself. */
export function outputPath(
  service: Pick<Service, "name">,
  options: {
    readonly installation: Pick<Installation, "prefix" | "settings">;
    readonly stream: "out" | "err";
  },
): string {
  return join(
    settingOf("BAA_LOGS_DIR", options.installation),
    "launchd",
    `${service.name}.${options.stream}.log`,
  );
}

/** The folders that the services need before they start. */
export function foldersOf(installation: Installation): readonly string[] {
  const logs = settingOf("BAA_LOGS_DIR", installation);
  const socket = installation.settings.get("BAA_CODEXD_SOCKET");
  return [
    settingOf("BAA_STATE_DIR", installation),
    logs,
    join(logs, "launchd"),
    settingOf("BAA_TMP_DIR", installation),
    // The folder of a place that the owner chose is the owner's own.
    ...(socket?.from === "the installer" ? [dirname(socket.value)] : []),
  ];
}

/** Returns a setting that the installer has completed. */
export function settingOf(
  variable: string,
  { settings }: Pick<Installation, "settings">,
): string {
  const value = settings.get(variable)?.value;
  if (value === undefined) throw new Error(`Cannot do without ${variable}`);
  return value;
}

/** Where conductor keeps its state. */
export function databasePath(stateDir: string): string {
  return join(stateDir, "conductor", "conductor.db");
}

/** Returns how a configuration is read from the settings of a node. */
export function readerOf(
  { settings }: Pick<Installation, "settings">,
): (variable: string) => string | undefined {
  return (variable) => settings.get(variable)?.value;
}

/** The environment that launchd gives a service. */
export function environmentFor(
  service: Service,
  { settings }: Pick<Installation, "settings">,
): Variables {
  // What is no setting is for commands, and Codex gets of it what it knows.
  const chosen = [...settings].map(([variable, { value }]) =>
    [variable, value] as const
  ).filter(([variable]) =>
    service.variables.has(variable) ||
    (service.name === "conductor" && !variable.startsWith("BAA_"))
  );
  const publicBase = settings.get("BAA_CONDUCTOR_PUBLIC_API_BASE")?.value;
  // The seed's launchd writes the legacy name together with the canonical one.
  if (service.program === "conductor" && publicBase !== undefined) {
    chosen.push(["BAA_CONTROL_API_BASE", publicBase]);
  }
  return Object.fromEntries(chosen.sort(([a], [b]) => a < b ? -1 : 1));
}
