import { join } from "@std/path";
import {
  permissionFlags,
  permissionsOf,
  type Program,
} from "../../permissions.ts";
import { V8_FLAGS } from "../../v8_flags.ts";
import {
  asOwner,
  formatCommand,
  type Installation,
  type Machine,
  readerOf,
} from "../node/mod.ts";

/** Returns the command that compiles a program with the node's own permissions. */
export function compileCommand(
  program: Program,
  options: {
    readonly installation: Pick<Installation, "settings">;
    readonly withStatusApi: boolean;
    readonly repository: string;
    readonly output: string;
  },
): [string, ...string[]] {
  const { installation, repository, output } = options;
  const set = permissionsOf(program, readerOf(installation), options);
  return [
    Deno.execPath(),
    "compile",
    "--quiet",
    "--frozen",
    "--exclude-unused-npm",
    V8_FLAGS,
    `--config=${join(repository, "deno.json")}`,
    ...permissionFlags(set),
    `--output=${output}`,
    join(repository, program, "main.ts"),
  ];
}

/** Compiles a program as its owner; throws with the compiler's own words. */
export async function compile(
  command: readonly [string, ...string[]],
  installation: Pick<Installation, "owner">,
  machine: Machine,
): Promise<void> {
  const { code, stderr } = await machine.run(
    asOwner(command, installation.owner, machine),
    { clearEnv: true, env: compileEnvironment(machine) },
  );
  if (code === 0) return;
  throw new Error(
    `Cannot compile: the compiler ended with ${code}\n${stderr.trimEnd()}\n` +
      `  the command was: ${formatCommand(command)}`,
  );
}

/** What OTEL_DENO says while compiling would be in force for ever. */
function compileEnvironment({ environment }: Machine): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).filter(([name]) => !name.startsWith("OTEL_")),
  );
}
