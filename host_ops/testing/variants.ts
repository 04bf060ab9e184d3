import { tempDir } from "../../shared/testing/fakes.ts";
import type { HostOps } from "../mod.ts";
import { testHostOps } from "./host_ops.ts";
import { program, searchPath } from "./search_path.ts";

/** The roads by which a command comes to run: what holds for one holds for all. */
export const VARIANTS: readonly Variant[] = [
  { name: "a shell of its own", warmShells: 0 },
  { name: "a waiting shell", warmShells: 2 },
  { name: "bash as sh", warmShells: 2, shell: await program("bash") },
  { name: "groups by perl", warmShells: 2, without: ["setsid"] },
  { name: "groups by the runtime", warmShells: 2, without: ["setsid", "perl"] },
].filter((it) => !("shell" in it) || it.shell !== undefined);

interface Variant {
  readonly name: string;
  readonly warmShells: number;
  readonly shell?: string | undefined;
  /** Programs that seem to be broken when groups are made. */
  readonly without?: readonly string[];
}

/** Returns host operations that go this road. */
export async function startVariant(
  { warmShells, shell, without = [] }: Variant,
): Promise<HostOps> {
  const dir = await tempDir();
  const broken = dir.join("broken");
  await Deno.writeTextFile(broken, "#!/bin/sh\nexit 1\n", { mode: 0o700 });
  const path = await searchPath(
    dir.join("path"),
    Object.fromEntries(without.map((it) => [it, broken])),
  );
  if (shell !== undefined) await Deno.symlink(shell, dir.join("sh"));
  const ops = testHostOps({
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
  });
  await ops.prepare();
  return {
    ...ops,
    async [Symbol.asyncDispose]() {
      await ops.close();
      await dir[Symbol.asyncDispose]();
    },
  };
}
