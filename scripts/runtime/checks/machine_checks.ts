import { lookup } from "node:dns/promises";
import { isAbsolute, join, relative } from "@std/path";
import { readCodexdConfig } from "../../../codexd/config.ts";
import { readConductorConfig } from "../../../conductor/config.ts";
import { ConfigError } from "../../../shared/config/read_config.ts";
import { messageOf } from "../../../shared/errors.ts";
import {
  chmod,
  type Finding,
  ok,
  problem,
  script,
  warning,
} from "../finding.ts";
import { PINNED_DENO } from "../install/compile.ts";
import type { Installation } from "../installation.ts";
import type { Machine } from "../machine.ts";
import { type ServiceName, SERVICES } from "../services.ts";
import { diskCheck } from "./disk_check.ts";

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

/** The daemons judge their own configuration: what they refuse is refused here. */
export function configurationChecks(
  { settings }: Pick<Installation, "settings">,
): readonly Finding[] {
  const env = (variable: string) => settings.get(variable)?.value;
  const problems = new Set<string>();
  const warnings = new Set<string>();
  for (const read of [readConductorConfig, readCodexdConfig]) {
    try {
      for (const it of read(env).warnings) warnings.add(it);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      for (const it of error.problems) problems.add(it);
    }
  }
  return [
    ...[...problems].map((it) =>
      problem("configuration", it, fixForConfiguration(it))
    ),
    ...[...warnings].map((it) =>
      warning("configuration", it, "see environment.md")
    ),
  ];
}

function fixForConfiguration(it: string): string {
  return it.includes("no token is set")
    ? "--token-file <file of mode 0600>, or --trust-network if everybody in " +
      "that network may run commands here"
    : "change the line in scripts/runtime/mini.env, the variable or the flag";
}

async function addressCheck(
  name: ServiceName,
  { settings }: Pick<Installation, "settings">,
  machine: Machine,
): Promise<Finding> {
  const { address } = SERVICES[name];
  const value = settings.get(address)?.value;
  if (value === undefined || !URL.canParse(value)) {
    return ok(name, "listens at its default address");
  }
  const host = new URL(value).hostname.replace(/^\[|\]$/g, "");
  const addresses = await addressesOf(host);
  const own = ["0.0.0.0", "::", ...machine.addresses];
  if (addresses.some((it) => own.includes(it) || isLoopback(it))) {
    return ok(name, `listens at ${value}`);
  }
  return problem(
    name,
    `${address} is ${value}, which is no address of this machine (it has ${
      machine.addresses.join(", ")
    })`,
    `in scripts/runtime/mini.env: ${address}=http://<one of them>:${
      new URL(value).port || "80"
    }` + (name === "conductor" ? ", or --listen" : ""),
  );
}

async function addressesOf(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, { all: true })).map((it) => it.address);
  } catch {
    return [];
  }
}

function isLoopback(address: string): boolean {
  return address === "::1" || address.startsWith("127.");
}

async function tokenChecks(
  { settings }: Pick<Installation, "settings">,
): Promise<readonly Finding[]> {
  const findings: Finding[] = [];
  if (settings.has("BAA_SHARED_TOKEN")) {
    findings.push(problem(
      "token",
      "BAA_SHARED_TOKEN would stand in a property list, which others can read",
      "write it to a file of mode 0600, unset the variable and give " +
        "--token-file <file>",
    ));
  }
  const file = settings.get("BAA_SHARED_TOKEN_FILE")?.value;
  if (file === undefined) return findings;
  try {
    const mode = (await Deno.stat(file)).mode ?? 0;
    findings.push(
      (mode & 0o077) === 0
        ? ok("token", `in ${file}`)
        : problem("token", `others can read ${file}`, chmod("600", file)),
    );
  } catch (error) {
    findings.push(problem(
      "token",
      `Cannot read ${file}: ${messageOf(error)}`,
      `write the token to it and run ${chmod("600", file)}`,
    ));
  }
  return findings;
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
