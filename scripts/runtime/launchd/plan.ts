import { join } from "@std/path";
import type { Program } from "../../permissions.ts";
import {
  compileCommand,
  type Installation,
  type Job,
  plistPath,
  programPath,
  type Service,
  type ServiceName,
  SERVICES,
} from "../node/mod.ts";
import { renderJob } from "./job.ts";

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
  readonly job: Job;
}

/** Everything that an install will do, as data. */
export interface Plan {
  readonly installation: Installation;
  readonly programs: readonly PlannedProgram[];
  readonly jobs: readonly PlannedJob[];
}

/** What plans are made from. */
export interface PlanOptions {
  readonly installation: Installation;
  readonly template: Job;
}

/** Plans an installation of `names`, for whoever is logged in at the screen. */
export function planInstall(
  names: readonly ServiceName[],
  options: PlanOptions & { readonly repository: string },
): Plan {
  const { installation, repository } = options;
  const programs = new Set(names.map((name) => SERVICES[name].program));
  return {
    installation,
    programs: [...programs].map((program) => {
      const staged = join(stagingFolder(installation), program);
      return {
        program,
        staged,
        path: programPath(program, installation),
        command: compileCommand(program, {
          installation,
          withStatusApi: names.includes("status-api"),
          repository,
          output: staged,
        }),
      };
    }),
    jobs: names.map((name) => planJob(name, options)),
  };
}

/** Plans the property list of one service. */
export function planJob(
  name: ServiceName,
  { installation, template }: PlanOptions,
): PlannedJob {
  const service = SERVICES[name];
  const session = installation.scope === "daemon" ? "system" : "login";
  const job = renderJob(service, { installation, session, template });
  return { service, path: plistPath(service, installation), job };
}

/** Where new programs are made: the same file system, so that renaming is atomic. */
export function stagingFolder(
  { prefix }: Pick<Installation, "prefix">,
): string {
  return join(prefix, "bin", ".new");
}
