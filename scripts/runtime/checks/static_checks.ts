import { exists } from "@std/fs";
import { systemReason } from "../../../shared/system_reason.ts";
import { VERSION } from "../../../shared/version.ts";
import {
  chmod,
  type Finding,
  foldersOf,
  type Machine,
  ok,
  problem,
  type RuntimeNode,
  script,
  type ServiceName,
  SERVICES,
  warning,
} from "../node/mod.ts";
import { jobDifferences, planJob } from "../launchd/mod.ts";
import { configurationChecks } from "./configuration_checks.ts";
import { permissionCheck } from "./permission_check.ts";
import { signatureCheck } from "./signature_check.ts";

const INSTALL = script("install-mini");

/** Checks what lies on the disk against what would be installed now. */
export async function staticChecks(
  services: readonly ServiceName[],
  { node, machine }: { readonly node: RuntimeNode; readonly machine: Machine },
): Promise<readonly Finding[]> {
  const { installation, record } = node;
  const findings: Finding[] = [
    ...node.problems,
    ...configurationChecks(installation),
  ];
  for (const name of services) {
    findings.push(...await plistChecks(name, { node, machine }));
  }
  for (const program of new Set(services.map((it) => SERVICES[it].program))) {
    findings.push(
      await permissionCheck(program, {
        installation,
        withStatusApi: node.installed.jobs.has("status-api"),
      }),
      ...await signatureCheck(program, { node, machine }),
    );
  }
  if (record !== undefined && record.version !== VERSION) {
    findings.push(warning(
      "version",
      `${record.version} is installed, the sources are ${VERSION}`,
      INSTALL,
    ));
  }
  for (const folder of foldersOf(installation)) {
    findings.push(await folderCheck(folder));
  }
  return findings;
}

async function plistChecks(
  name: ServiceName,
  { node, machine }: { readonly node: RuntimeNode; readonly machine: Machine },
): Promise<readonly Finding[]> {
  const { installation, installed } = node;
  const { path, job } = await planJob(name, installation);
  const fix = name === "status-api" ? `${INSTALL} --with-status-api` : INSTALL;
  const spoilt = installed.unreadable.get(name);
  if (spoilt !== undefined) return [problem(name, `${path}: ${spoilt}`, fix)];
  const written = installed.jobs.get(name);
  if (written === undefined) {
    return [problem(name, `not installed: there is no ${path}`, fix)];
  }
  const differences = jobDifferences(written, job);
  return [
    differences.length === 0
      ? ok(name, `${path} is what would be rendered now`)
      : problem(
        name,
        `${path} is not what would be rendered now: ${differences.join("; ")}`,
        fix,
      ),
    ...await modeCheck(name, path),
    ...await lintCheck(name, { path, machine }),
  ];
}

/** launchd passes over what others could have written, and an address may be a secret. */
async function modeCheck(
  name: ServiceName,
  path: string,
): Promise<readonly Finding[]> {
  const mode = (await Deno.stat(path)).mode ?? 0;
  if ((mode & 0o077) === 0) return [];
  const what = (mode & 0o022) === 0
    ? `others can read ${path}`
    : `others can write ${path}: launchd refuses it`;
  return [problem(name, what, chmod("600", path))];
}

/** Apple's own parser has the last word, where there is one. */
async function lintCheck(
  name: ServiceName,
  { path, machine }: { readonly path: string; readonly machine: Machine },
): Promise<readonly Finding[]> {
  if (machine.os !== "darwin") return [];
  const { code, stdout } = await machine.run(["plutil", "-lint", path]);
  return code === 0 ? [] : [problem(name, stdout.trim(), INSTALL)];
}

async function folderCheck(folder: string): Promise<Finding> {
  if (!await exists(folder)) {
    return problem("folder", `there is no ${folder}`, INSTALL);
  }
  try {
    const mode = (await Deno.stat(folder)).mode ?? 0;
    return (mode & 0o077) === 0
      ? ok("folder", `${folder} is the owner's alone`)
      : problem(
        "folder",
        `others can enter ${folder}`,
        chmod("700", folder),
      );
  } catch (error) {
    return problem("folder", systemReason(error), INSTALL);
  }
}
