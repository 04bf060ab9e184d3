import { exists } from "@std/fs";
import { sha256Hex } from "../../../shared/digest.ts";
import type { InstallRecord, Machine } from "../node/mod.ts";
import { compile } from "./compile.ts";
import type { Plan, PlannedProgram } from "./plan.ts";

/**
 * Compiles and signs every program of a plan. The compiler writes the same
 * bytes for the same sources and permissions, so an upgrade to what is there
 * is seen as none.
 */
export async function stage(
  plan: Plan,
  options: StageOptions,
): Promise<readonly StagedProgram[]> {
  const staged: StagedProgram[] = [];
  for (const planned of plan.programs) {
    await compile(planned.command, plan.installation, options.machine);
    staged.push(await judge(planned, options));
  }
  return staged;
}

/** A program that lies beside the installed one, ready to take its place. */
export interface StagedProgram {
  readonly planned: PlannedProgram;
  /** SHA-256 of what the compiler wrote. */
  readonly compiled: string;
  /** SHA-256 of what will lie in `bin`. */
  readonly installed: string;
  /** Whether it differs from what lies there. */
  readonly isNew: boolean;
}

interface StageOptions {
  readonly machine: Machine;
  readonly record: InstallRecord | undefined;
  /** The code-signing identity, if there is one. */
  readonly identity: string | undefined;
}

async function judge(
  planned: PlannedProgram,
  { machine, record, identity }: StageOptions,
): Promise<StagedProgram> {
  const compiled = sha256Hex(await Deno.readFile(planned.staged));
  const last = record?.programs[planned.program];
  const isSame = last?.compiled === compiled &&
    record?.identity === identity &&
    await exists(planned.path) &&
    sha256Hex(await Deno.readFile(planned.path)) === last.installed;
  if (isSame) return { planned, ...last, isNew: false };
  if (identity !== undefined) {
    await sign(planned, { identity, machine });
  }
  const installed = sha256Hex(await Deno.readFile(planned.staged));
  return { planned, compiled, installed, isNew: true };
}

/** One stable identity: access that was granted by hand survives upgrades. */
async function sign(
  { program, staged }: PlannedProgram,
  options: {
    readonly identity: string;
    readonly machine: Machine;
  },
): Promise<void> {
  const { code, stderr } = await options.machine.run([
    "codesign",
    "--force",
    `--sign=${options.identity}`,
    `--identifier=so.makefile.baa-${program}`,
    staged,
  ]);
  if (code === 0) return;
  throw new Error(
    `Cannot sign ${staged} as ${options.identity}: ${stderr.trim()}`,
  );
}
