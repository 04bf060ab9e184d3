import { dirname } from "@std/path";
import { printable } from "../../../shared/printable.ts";
import {
  addressOf,
  ask,
  brokenOffFindings,
  databasePath,
  EXIT,
  type ExitCode,
  findInstalled,
  findOwner,
  type Flags,
  type Installed,
  inWords,
  runningSettings,
  type Service,
  SERVICES,
  textOf,
  type Variables,
} from "../node/mod.ts";
import {
  isRunning,
  type Jobs,
  jobsOf,
  type JobState,
  type Ports,
  whatLaunchdSays,
} from "../launchd/mod.ts";

const LINES_SHOWN = 5;

/** Shows launchd's state and HTTP health side by side. */
export async function statusLaunchd(
  flags: Flags,
  ports: Ports,
): Promise<ExitCode> {
  const { machine, terminal } = ports;
  const home = machine.environment["HOME"] ?? "/";
  const installed = await findInstalled(flags.scope, home);
  const { scope } = installed;
  const owner = await findOwner(scope, flags, machine);
  const jobs = await jobsOf({ scope, owner }, ports);
  const settings = runningSettings(installed, machine);
  let allHealthy = true;
  for (const name of flags.services) {
    const service = SERVICES[name];
    const status = await statusOf(service, {
      jobs,
      base: addressOf(service, settings),
    });
    allHealthy &&= status.isHealthy;
    terminal.say(`${status.isHealthy ? "ok  " : "DOWN"}  ${name}`);
    for (
      const line of [
        ...status.lines,
        ...await lastWords(service, installed, status),
        ...await restoreLines(service, settings),
      ]
    ) {
      terminal.say(`      ${line}`);
    }
  }
  if (!allHealthy) {
    terminal.say("Not everything is healthy: deno task doctor says why");
  }
  return allHealthy ? EXIT.ok : EXIT.failed;
}

interface Status {
  readonly isHealthy: boolean;
  readonly lines: readonly string[];
}

async function statusOf(
  service: Service,
  { jobs, base }: { readonly jobs: Jobs; readonly base: string },
): Promise<Status> {
  const found = await jobs.find(service);
  const answer = await ask(base, service.probe);
  const { data: health } = await ask(base, "/health");
  const isLoadedOnce = found.length === 1 && found.every(isRunning);
  return {
    isHealthy: isLoadedOnce && answer.status === 200,
    lines: [
      ...launchdLines(service, found),
      `http     ${base}${service.probe} says "${inWords(answer)}"${
        healthInWords(health)
      }`,
    ],
  };
}

function launchdLines(
  { label }: Service,
  found: readonly JobState[],
): readonly string[] {
  if (found.length === 0) return [`launchd  ${label} is not loaded`];
  const lines = found.map((job) =>
    `launchd  ${job.target}: ${whatLaunchdSays(job).replace("launchd: ", "")}`
  );
  return found.length === 1
    ? lines
    : [...lines, "         loaded twice: restart-launchd.sh leaves one"];
}

function healthInWords(
  health: Readonly<Record<string, unknown>> | undefined,
): string {
  if (health === undefined) return "";
  const { version, status, reasons, degraded } = health;
  const why = [reasons, degraded].flat().filter((it) => typeof it === "string");
  return `, version ${version}, ${status}` +
    (why.length === 0 ? "" : ` (${why.join("; ")})`);
}

async function restoreLines(
  { name }: Service,
  settings: Variables,
): Promise<readonly string[]> {
  const stateDir = settings["BAA_STATE_DIR"];
  if (name !== "conductor" || stateDir === undefined) return [];
  const found = await brokenOffFindings(dirname(databasePath(stateDir)));
  return found.flatMap(({ seen, fix }) => [
    `restore  ${seen}`,
    `         fix: ${fix}`,
  ]);
}

/** What a service that is down printed last: the reason of a crash loop. */
async function lastWords(
  { name }: Service,
  { jobs }: Installed,
  { isHealthy }: Status,
): Promise<readonly string[]> {
  const job = jobs.get(name);
  const file = job && textOf(job, "StandardErrorPath");
  if (isHealthy || file === undefined) return [];
  try {
    const text = (await Deno.readTextFile(file)).trim();
    if (text === "") return [];
    return [
      `printed  (last lines of ${file})`,
      ...text.split("\n").slice(-LINES_SHOWN)
        .map((line) => `         ${printable(line)}`),
    ];
  } catch {
    return [];
  }
}
