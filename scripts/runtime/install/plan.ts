import { join } from "@std/path";
import type { Program } from "../../permissions.ts";
import { type Installation, plistPath, programPath } from "../installation.ts";
import { renderJob } from "../launchd/job.ts";
import { formatJob, type Job } from "../launchd/property_list.ts";
import { type Service, type ServiceName, SERVICES } from "../services.ts";
import { compileCommand } from "./compile.ts";

/** A program to compile. */
export interface PlannedProgram {
  readonly program: Program;
  readonly command: readonly [string, ...string[]];
  /** Where the compiler writes, beside where it will lie. */
  readonly staged: string;
  readonly path: string;
}

/** A property list to write. */
export interface PlannedJob {
  readonly service: Service;
  readonly path: string;
  readonly text: string;
}

/** Everything that an install will do, as data. */
export interface Plan {
  readonly installation: Installation;
  readonly programs: readonly PlannedProgram[];
  readonly jobs: readonly PlannedJob[];
}

/** Plans an installation of `names`, for whoever is logged in at the screen. */
export function planInstall(
  names: readonly ServiceName[],
  options: {
    readonly installation: Installation;
    readonly template: Job;
    readonly repository: string;
  },
): Plan {
  const { installation, template, repository } = options;
  const session = installation.scope === "daemon" ? "system" : "login";
  const services = names.map((name) => SERVICES[name]);
  const programs = [...new Set(services.map((it) => it.program))];
  return {
    installation,
    programs: programs.map((program) => {
      const staged = join(stagingFolder(installation), program);
      return {
        program,
        staged,
        path: programPath(program, installation),
        command: compileCommand(program, {
          installation,
          repository,
          output: staged,
        }),
      };
    }),
    jobs: services.map((service) => ({
      service,
      path: plistPath(service, installation),
      text: formatJob(renderJob(service, { installation, session, template })),
    })),
  };
}

/** Where new programs are made: the same file system, so that renaming is atomic. */
export function stagingFolder(
  { prefix }: Pick<Installation, "prefix">,
): string {
  return join(prefix, "bin", ".new");
}
