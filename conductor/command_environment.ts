import type { ChildEnvironment } from "../host_ops/mod.ts";
import { MARKS } from "../shared/shell_variables.ts";
import type { ConductorConfig } from "./config.ts";

/** What a command will find: told before it is run. */
export function commandEnvironment(
  { values }: Pick<ConductorConfig, "values">,
  { cwd, environment: { values: { HOME, USER, PATH }, sources } }: {
    readonly cwd: string;
    readonly environment: ChildEnvironment;
  },
) {
  return {
    default_cwd: cwd,
    shell: values.shell,
    home: HOME ?? null,
    user: USER ?? null,
    path: PATH,
    umask: values.umask,
    /** By name, where each came from; the values are for commands alone. */
    variables: { ...sources, [MARKS.inside]: "default" },
    /** Null: everything. */
    read_roots: values.readRoots ?? null,
    write_roots: values.writeRoots ?? null,
    limits: {
      max_concurrent_execs: values.maxConcurrentExecs,
      max_concurrent_runs: values.maxConcurrentRuns,
      max_buffered_bytes: values.maxBufferedBytes,
      max_body_bytes: values.maxBodyBytes,
    },
  };
}
