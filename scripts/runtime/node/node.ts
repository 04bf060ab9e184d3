import { join, resolve } from "@std/path";
import { SETTINGS } from "../../../shared/config/mod.ts";
import { type Finding, problem, warning } from "./finding.ts";
import { type Installation, type Owner, plistPath } from "./installation.ts";
import { type InstallRecord, readRecord } from "./record.ts";
import {
  findInstalled,
  type Installed,
  installedPrefix,
  installedSettings,
} from "./installed.ts";
import { loginEnvironment, loginPath, passedOn } from "./login_environment.ts";
import { findProgram, type Machine } from "./machine.ts";
import {
  chooseSettings,
  completeSettings,
  readSettingsFile,
  settingsIn,
  toRemember,
  type Variables,
} from "./node_settings.ts";
import type { Flags } from "./options.ts";
import { findOwner } from "./owner.ts";
import { SERVICES } from "./services.ts";

/** This node: what should be installed, and what is. */
export interface RuntimeNode {
  /** As `mini.env`, the environment and the flags have it now. */
  readonly installation: Installation;
  readonly installed: Installed;
  readonly record: InstallRecord | undefined;
  /** The settings that an install has to leave for later ones. */
  readonly toRemember: Variables;
  /** What is wrong with `mini.env`, and what commands do not get. */
  readonly problems: readonly Finding[];
}

/** Reads the node that a command is about. */
export async function readNode(
  flags: Flags,
  options: {
    readonly machine: Machine;
    /**
     * `now` asks the login shell and looks for Codex; `as installed` takes what
     * the last install found, so that a check sees only what somebody changed,
     * and looks itself where nothing is installed.
     */
    readonly found: "now" | "as installed";
    /** Stands in for an owner who cannot be told. */
    readonly owner?: Owner;
  },
): Promise<RuntimeNode> {
  const { machine } = options;
  const home = machine.environment["HOME"] ?? "/";
  const installed = await findInstalled(flags.scope, home);
  const { scope } = installed;
  const owner = options.owner ?? await findOwner(scope, flags, machine);
  const prefix = flags.prefix === undefined
    ? installedPrefix(installed) ?? machine.repository
    : resolve(flags.prefix);
  const record = await readRecord({ prefix });
  const { values, problems } = readSettingsFile(
    await Deno.readTextFile(new URL("../mini.env", import.meta.url)),
    "mini.env",
  );
  const sources = {
    "mini.env": values,
    "the last install": record?.remembered ?? {},
    "the environment": settingsIn(machine.environment),
    "a flag": flags.settings,
  };
  const chosen = chooseSettings(sources);
  const before = installedSettings(installed);
  const isKept = options.found === "as installed" && installed.jobs.size > 0;
  const { execEnv } = SETTINGS;
  const names = execEnv.parse(
    chosen.get(execEnv.variable)?.value ?? execEnv.fallback,
  ) ?? [];
  const login = isKept
    ? before
    : await loginEnvironment(["PATH", ...names], { owner, machine });
  const path = isKept ? before["BAA_EXEC_PATH"] : loginPath(login);
  const passed = passedOn(names, login);
  const settings = completeSettings(chosen, {
    prefix,
    home: owner.home,
    plists: Object.values(SERVICES).map((it) =>
      plistPath(it, { scope, owner })
    ),
    temporaryFolders: await temporaryFolders(machine),
    loginPath: path,
    passedOn: passed.values,
    codex: isKept ? before["BAA_CODEX_BIN"] : await findProgram(
      "codex",
      chosen.get("BAA_EXEC_PATH")?.value ?? path ??
        machine.environment["PATH"] ?? "",
    ),
  });
  return {
    installation: { prefix, scope, owner, settings },
    installed,
    record,
    toRemember: toRemember(sources),
    problems: [
      ...problems.map((it) =>
        problem("mini.env", it, "correct it in scripts/runtime/mini.env")
      ),
      ...passed.secret.map((it) =>
        warning(
          "commands",
          `they do not get the ${it} of your login shell: it holds a secret, and a property list is no place for it`,
          `launchctl setenv ${it} <value> at each login, or a value without the secret`,
        )
      ),
    ],
  };
}

/**
 * The settings that the services run with: the installed ones, or on a machine
 * where nothing is installed those of `deno task start`.
 */
export function runningSettings(
  installed: Installed,
  machine: Machine,
): Variables {
  return installed.jobs.size > 0 ? installedSettings(installed) : {
    BAA_STATE_DIR: join(machine.repository, "state"),
    BAA_LOGS_DIR: join(machine.repository, "logs"),
    ...settingsIn(machine.environment),
  };
}

/** The folders for temporary files that outlive a session, `$TMPDIR` not being one. */
async function temporaryFolders({ os, run }: Machine): Promise<string[]> {
  if (os !== "darwin") return ["/tmp"];
  const { stdout } = await run(["getconf", "DARWIN_USER_TEMP_DIR"]);
  const own = stdout.trim().replace(/\/+$/, "");
  return own.startsWith("/") ? ["/tmp", own] : ["/tmp"];
}
