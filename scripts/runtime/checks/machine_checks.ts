import { isAbsolute, join, relative } from "@std/path";
import {
  type Finding,
  type Installation,
  type Machine,
  ok,
  problem,
  script,
  type ServiceName,
  warning,
} from "../node/mod.ts";
import { addressCheck } from "./address_check.ts";
import { configurationChecks, tokenChecks } from "./configuration_checks.ts";
import { diskCheck } from "./disk_check.ts";

/** The Deno that the product is built and tested with. */
export const PINNED_DENO = "2.9.5";

/** Tells whether this machine can carry the services as they are configured. */
export async function machineChecks(
  installation: Installation,
  options: {
    readonly machine: Machine;
    readonly services: readonly ServiceName[];
  },
): Promise<readonly Finding[]> {
  const { machine, services } = options;
  return [
    denoCheck(),
    ...scopeChecks(installation, machine),
    ...configurationChecks(installation),
    ...await Promise.all(
      services.map((name) => addressCheck(name, installation, machine)),
    ),
    ...await tokenChecks(installation),
    codexCheck(installation),
    ...protectedFolderChecks(installation, machine),
    await diskCheck(installation.prefix),
  ];
}

function denoCheck(): Finding {
  const { deno } = Deno.version;
  return deno === PINNED_DENO ? ok("deno", deno) : warning(
    "deno",
    `${deno} compiles; the product is tested with ${PINNED_DENO}`,
    `DENO_BIN=<path of Deno ${PINNED_DENO}>, or take the others off the PATH`,
  );
}

function scopeChecks(
  { scope }: Pick<Installation, "scope">,
  { uid }: Machine,
): readonly Finding[] {
  return scope === "agent" || uid === 0 ? [] : [problem(
    "scope",
    "a LaunchDaemon belongs to the system: only root may change it",
    `sudo ${script("install-mini", "--scope", "daemon")}`,
  )];
}

function codexCheck({ settings }: Pick<Installation, "settings">): Finding {
  const codex = settings.get("BAA_CODEX_BIN")?.value;
  return codex === undefined
    ? warning(
      "codex",
      "no codex on the login PATH: codexd will run and say that it is missing",
      `npm install -g @openai/codex, then ${script("install-mini")}`,
    )
    : ok("codex", codex);
}

/** macOS asks a person before a program may read these, and asks again when it changes. */
function protectedFolderChecks(
  { prefix, owner }: Pick<Installation, "prefix" | "owner">,
  { os }: Machine,
): readonly Finding[] {
  if (os !== "darwin") return [];
  const inside = [
    "Desktop",
    "Documents",
    "Downloads",
    "Library/Mobile Documents",
  ]
    .find((it) => isInside(prefix, join(owner.home, it)));
  return inside === undefined ? [] : [warning(
    "folder",
    `${prefix} is in ${inside}, which macOS guards: the services cannot open ` +
      "their own files until somebody allows it at the screen",
    "move the repository, e.g. to ~/code, or give --prefix <folder>",
  )];
}

function isInside(path: string, folder: string): boolean {
  const way = relative(folder, path);
  return !way.startsWith("..") && !isAbsolute(way);
}
