import { tempDir } from "../../shared/testing/fakes.ts";
import type { HostOps, HostOpsOptions } from "../mod.ts";
import { testHostOps } from "./host_ops.ts";
import { program, searchPath } from "./search_path.ts";

const bash = await program("bash");

/** The roads by which a command comes to run: what holds for one holds for all. */
export const VARIANTS: readonly Variant[] = [
  { name: "a shell of its own", warmShells: 0 },
  { name: "a waiting shell", warmShells: 2 },
  { name: "bash as sh", warmShells: 2, shell: bash },
  {
    name: "bash as sh, groups by perl, as on macOS",
    warmShells: 2,
    shell: bash,
    without: ["setsid"],
  },
  { name: "groups by the runtime", warmShells: 2, without: ["setsid", "perl"] },
].filter((it) => !("shell" in it) || it.shell !== undefined);

interface Variant {
  readonly name: string;
  readonly warmShells: number;
  readonly shell?: string | undefined;
  /** Programs that seem to be broken when groups are made. */
  readonly without?: readonly string[];
}

/** Registers a test on each road. */
export function onEachRoad(
  title: string,
  test: (
    start: (options?: Partial<HostOpsOptions>) => Promise<HostOps>,
  ) => Promise<void>,
): void {
  for (const variant of VARIANTS) {
    Deno.test(
      `${title} (${variant.name})`,
      () => test((options) => startVariant(variant, options)),
    );
  }
}

/** Returns host operations that go this road. */
export async function startVariant(
  variant: Variant,
  options: Partial<HostOpsOptions> = {},
): Promise<HostOps> {
  const dir = await tempDir();
  const ops = testHostOps({
    ...await variantOptions(variant, dir),
    ...options,
  });
  await ops.prepare();
  const dispose = async () => {
    await ops.close();
    await dir[Symbol.asyncDispose]();
  };
  return Object.create(ops, { [Symbol.asyncDispose]: { value: dispose } });
}

/** Returns what makes host operations go this road; `dir` has what it takes. */
export async function variantOptions(
  { warmShells, shell, without = [] }: Variant,
  dir: { join(name: string): string },
): Promise<Partial<HostOpsOptions>> {
  const broken = dir.join("broken");
  await Deno.writeTextFile(broken, "#!/bin/sh\nexit 1\n", { mode: 0o700 });
  const path = await searchPath(
    dir.join("path"),
    Object.fromEntries(without.map((it) => [it, broken])),
  );
  if (shell !== undefined) await Deno.symlink(shell, dir.join("sh"));
  return {
    warmShells,
    shell: shell === undefined ? "/bin/sh" : dir.join("sh"),
    ...(without.length > 0 && {
      environment: {
        HOME: "/",
        LANG: "C.UTF-8",
        PATH: `${path}:/usr/bin:/bin`,
        SHELL: "/bin/sh",
        TERM: "dumb",
        TMPDIR: "/tmp",
      },
    }),
  };
}
