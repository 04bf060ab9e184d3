import { assert, assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { daemonCommand } from "../../launch.ts";
import { permissionsOf } from "../../permissions.ts";
import { permissionDifferences } from "../checks/permission_check.ts";
import { runCommand } from "../node/command.ts";
import { systemMachine } from "../node/machine.ts";
import { installationIn } from "../testing/fixtures.ts";
import { readBaked } from "../checks/baked.ts";
import { compileCommand } from "./compile.ts";

/** Compiles onto any ELF program: what is embedded can be read, not run. */
async function compiled(program: "conductor" | "codexd", folder: string) {
  const installation = installationIn(folder);
  const output = `${folder}/${program}`;
  const command = compileCommand(program, {
    installation,
    withStatusApi: false,
    repository: systemMachine().repository,
    output,
  }).filter((it) => it !== "--quiet");
  const ran = await runCommand([command[0] ?? "", ...command.slice(1)], {
    env: { DENORT_BIN: "/bin/true", NO_COLOR: "1" },
  });
  assertEquals(ran.code, 0, ran.stderr);
  return { installation, output, printed: ran.stdout + ran.stderr };
}

/** The names at the top of the printed tree of embedded files. */
function embedded(printed: string): string[] {
  return [...printed.matchAll(/^[├└][─┬]+ ([\w.@-]+)/gm)].map(([, name]) =>
    name ?? ""
  ).sort();
}

for (const program of ["conductor", "codexd"] as const) {
  Deno.test({
    name:
      `${program} is compiled with exactly its permissions and its own files`,
    ignore: Deno.build.os !== "linux",
    async fn() {
      await using dir = await tempDir();
      const it = await compiled(program, dir.path);
      const baked = await readBaked(it.output);
      const wanted = permissionsOf(
        program,
        (name) => it.installation.settings.get(name)?.value,
      );
      assertEquals(permissionDifferences(wanted, baked), []);
      assertEquals(baked.entrypoint_key, `${program}/main.ts`);
      assertEquals(baked.unstable_config.features, ["no-legacy-abort"]);
      const flag = "--max-semi-space-size=2";
      assert(baked.v8_flags?.includes(flag), `${baked.v8_flags}`);
      assert(daemonCommand(program).args.includes(`--v8-flags=${flag}`));
      // Values of the compiling shell would be in force for ever.
      assertEquals(baked.env_vars_from_env_file, {});
      assertEquals(baked.otel_config.tracing_enabled, false);
      const other = program === "conductor" ? "codexd" : "conductor";
      const names = embedded(it.printed);
      assert(names.includes(program) && names.includes("shared"));
      assert(!names.includes(other) && !names.includes("scripts"));
      for (const tool of ["plist", "playwright", "_test.ts", "/testing"]) {
        assert(!it.printed.includes(tool), tool);
      }
    },
  });
}
