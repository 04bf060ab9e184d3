import { join } from "@std/path";
import { printable } from "../../../shared/printable.ts";
import { readDatabase } from "../../database.ts";
import {
  type Finding,
  type Installation,
  type Machine,
  NOT_FOUND,
  ok,
  programPath,
  script,
  warning,
} from "../node/mod.ts";

/**
 * Tells whether a Mac keeps the services up by itself: it does not sleep,
 * comes back after a power failure, somebody is logged in then, and what it
 * guards is open to the programs.
 */
export async function macChecks(
  installation: Pick<Installation, "scope" | "owner" | "prefix">,
  { machine, isInstalled }: {
    readonly machine: Machine;
    readonly isInstalled: boolean;
  },
): Promise<readonly Finding[]> {
  const findings = [
    ...await powerChecks(machine),
    ...(isInstalled ? await loginChecks(installation, machine) : []),
    ...(isInstalled ? consentChecks(installation, machine) : []),
  ];
  return findings.length > 0 ? findings : [ok(
    "macOS",
    "not checked, since this is none: sleep, restart, FileVault, consent",
  )];
}

/** `pmset -g custom` has a block for each source of power; a Mac mini one alone. */
async function powerChecks(
  { run }: Pick<Machine, "run">,
): Promise<readonly Finding[]> {
  const { code, stdout } = await run(["pmset", "-g", "custom"]);
  if (code === NOT_FOUND) return [];
  const mains = stdout.split("AC Power:").at(-1) ?? "";
  const setting = (name: string) =>
    new RegExp(`^ *${name} +(\\d+)`, "m").exec(mains)?.[1];
  const sleep = setting("sleep");
  const findings: Finding[] = [];
  if (sleep !== undefined && sleep !== "0" && !await isKeptAwake(run)) {
    findings.push(warning(
      "power",
      `this Mac sleeps after ${sleep} idle minutes: nothing answers then, and ` +
        "schedules pass unseen",
      "sudo pmset -a sleep 0",
    ));
  }
  // A portable has no such setting: its battery bridges a failure.
  if (setting("autorestart") === "0") {
    findings.push(warning(
      "power",
      "after a power failure this Mac stays off until somebody presses the button",
      "sudo pmset -a autorestart 1",
    ));
  }
  return findings.length > 0 || sleep === undefined ? findings : [
    ok("power", "this Mac does not sleep, and starts after a power failure"),
  ];
}

/** `pmset disablesleep 1` stands above the timer. */
async function isKeptAwake(run: Machine["run"]): Promise<boolean> {
  return /^ *SleepDisabled\s+1\b/m.test((await run(["pmset", "-g"])).stdout);
}

/** After a restart an agent waits for its owner's login, and FileVault holds up even that. */
async function loginChecks(
  { scope, owner }: Pick<Installation, "scope" | "owner">,
  { run }: Pick<Machine, "run">,
): Promise<readonly Finding[]> {
  const vault = await run(["fdesetup", "status"]);
  if (vault.code === NOT_FOUND) return [];
  if (/FileVault is On|Encryption in progress/.test(vault.stdout)) {
    return [warning(
      "login",
      "FileVault is on: after a restart the disk stays locked, and no service " +
        "starts, until somebody types a password at this Mac",
      "sudo fdesetup authrestart for a restart that you want; sudo fdesetup " +
        "disable for those that you do not",
    )];
  }
  if (scope === "daemon") return [ok("login", "not needed: LaunchDaemons")];
  const { code, stdout } = await run([
    ...["defaults", "read"] as const,
    ...["/Library/Preferences/com.apple.loginwindow", "autoLoginUser"],
  ]);
  const user = code === 0 ? printable(stdout.trim()) : "";
  return [
    user === owner.name
      ? ok("login", `${user} is logged in by itself`)
      : warning(
        "login",
        `${user === "" ? "nobody" : user} is logged in by itself after a ` +
          `restart: the LaunchAgents of ${owner.name} wait for a login`,
        `sudo sysadminctl -autologin set -userName ${owner.name} -password -; ` +
          `or LaunchDaemons: ${
            script("uninstall-mini", "--keep-state")
          }, sudo ${script("install-mini", "--scope", "daemon")}`,
      ),
  ];
}

const GUARDED = ["Desktop", "Documents"] as const;

/** What a person has answered is `auth_value` 2 in this database, or 0 for no. */
function consentChecks(
  { owner, prefix }: Pick<Installation, "owner" | "prefix">,
  { os }: Pick<Machine, "os">,
): readonly Finding[] {
  const folder = "Library/Application Support/com.apple.TCC/TCC.db";
  const all = answersIn(join("/", folder));
  const own = answersIn(join(owner.home, folder));
  if (own === undefined) {
    return os !== "darwin" ? [] : [ok(
      "consent",
      "whether the programs may read Desktop and Documents cannot be told " +
        "without asking at the screen: System Settings > Privacy & Security > " +
        "Files and Folders shows it, and this terminal with Full Disk Access",
    )];
  }
  return (["conductor", "codexd"] as const).flatMap((program) => {
    const path = programPath(program, { prefix });
    if (all?.get(`kTCCServiceSystemPolicyAllFiles ${path}`) === 2) {
      return [ok("consent", `${program} has Full Disk Access`)];
    }
    const missing = GUARDED.filter((it) =>
      own.get(`kTCCServiceSystemPolicy${it}Folder ${path}`) !== 2
    );
    const isRefused = missing.some((it) =>
      own.get(`kTCCServiceSystemPolicy${it}Folder ${path}`) === 0
    );
    if (missing.length === 0) {
      return [ok("consent", `${program} may read ${GUARDED.join(" and ")}`)];
    }
    return [warning(
      "consent",
      `${program} has no consent for ${missing.join(" and ")}: macOS ` +
        (isRefused
          ? "refuses it"
          : "asks at the screen, and it waits for that"),
      "open 'x-apple.systempreferences:com.apple.preference.security?" +
        `Privacy_AllFiles' and add ${path}`,
    )];
  });
}

/** Answers by service and program; undefined where this process may not look. */
function answersIn(path: string): ReadonlyMap<string, number> | undefined {
  try {
    return readDatabase(path, (database) =>
      new Map(
        database.prepare("SELECT service, client, auth_value FROM access")
          .values().map(([service, client, value]) =>
            [`${service} ${client}`, Number(value)] as const
          ),
      ));
  } catch {
    return undefined;
  }
}
