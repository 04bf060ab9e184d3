import { join } from "@std/path";
import type { Program } from "../../permissions.ts";
import { planJob, type PlannedJob } from "../launchd/mod.ts";
import {
  type Installation,
  programPath,
  type ServiceName,
  SERVICES,
} from "../node/mod.ts";
import { compileCommand } from "./compile.ts";

/** Everything that an install will do, as data. */
export interface Plan {
  readonly installation: Installation;
  readonly programs: readonly PlannedProgram[];
  readonly jobs: readonly PlannedJob[];
}

export interface PlannedProgram {
  readonly program: Program;
  readonly command: readonly [string, ...string[]];
  /** Where the compiler writes, beside where it will lie. */
  readonly staged: string;
  readonly path: string;
}

/** Plans an installation of `names`. */
export async function planInstall(
  names: readonly ServiceName[],
  options: {
    readonly installation: Installation;
    readonly repository: string;
  },
): Promise<Plan> {
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
    jobs: await Promise.all(names.map((name) => planJob(name, installation))),
  };
}

/** Where new programs are made: the same file system, so that renaming is atomic. */
export function stagingFolder(
  { prefix }: Pick<Installation, "prefix">,
): string {
  return join(prefix, "bin", ".new");
}
