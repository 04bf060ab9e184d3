import { SETTINGS } from "../../../shared/config/mod.ts";
import { permissionsOf } from "../../permissions.ts";
import {
  environmentOf,
  foldersOf,
  formatCommand,
  formatJob,
  type LaunchdJob,
  readerOf,
  recordPath,
  type Terminal,
} from "../node/mod.ts";
import { type Plan, stagingFolder } from "./plan.ts";

/**
 * Prints each file that an install would write, what the programs may do, and
 * what it would run, as a person could do it by hand.
 */
export function printPlan(
  plan: Plan,
  options: {
    readonly domain: string;
    readonly identity: string | undefined;
    readonly terminal: Terminal;
  },
): void {
  const { domain, identity, terminal } = options;
  const run = (...command: string[]) => terminal.say(formatCommand(command));
  for (const { path, job } of plan.jobs) {
    terminal.say(`# ${path}`);
    terminal.say(formatJob({ ...job, EnvironmentVariables: shown(job) }));
  }
  terminal.say("# files");
  for (
    const path of [
      ...[...plan.programs, ...plan.jobs].map((it) => it.path),
      recordPath(plan.installation),
    ]
  ) terminal.say(path);
  for (const { program } of plan.programs) {
    terminal.say(`# permissions of ${program}`);
    const set = permissionsOf(program, readerOf(plan.installation), {
      withStatusApi: plan.jobs.some((it) => it.service.name === "status-api"),
    });
    for (const [name, value] of Object.entries(set)) {
      terminal.say(
        `${name}  ${value === true ? "everything" : value.join(", ")}`,
      );
    }
  }
  terminal.say("# commands");
  run(
    ...["mkdir", "-p", "-m", "700"],
    ...foldersOf(plan.installation),
    stagingFolder(plan.installation),
  );
  for (const { command, staged } of plan.programs) {
    run(...command);
    if (identity !== undefined) {
      run("codesign", "--force", `--sign=${identity}`, staged);
    }
  }
  for (const { service } of plan.jobs) {
    run("launchctl", "bootout", `${domain}/${service.label}`);
  }
  for (const { staged, path } of plan.programs) run("mv", staged, path);
  for (const { service, path } of plan.jobs) {
    run("launchctl", "enable", `${domain}/${service.label}`);
    run("launchctl", "bootstrap", domain, path);
  }
}

/** The environment of a job with nothing in it that a terminal should not show. */
function shown(job: LaunchdJob): Readonly<Record<string, string>> {
  const secret = Object.values(SETTINGS).filter((it) => it.secret)
    .map((it) => it.variable);
  return Object.fromEntries(
    Object.entries(environmentOf(job)).map(([name, value]) => [
      name,
      secret.includes(name) ? "***" : value,
    ]),
  );
}
