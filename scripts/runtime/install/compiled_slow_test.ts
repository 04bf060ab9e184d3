import { assert, assertEquals } from "@std/assert";
import { exists } from "@std/fs";
import { Database } from "@db/sqlite";
import { denoDir } from "../../../shared/testing/deno_dir.ts";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { freePorts } from "../../../shared/testing/free_ports.ts";
import { until } from "../../../shared/testing/until.ts";
import { VERSION } from "../../../shared/version.ts";
import { call } from "../../testing/http.ts";
import { ask } from "../node/http_health.ts";
import { databasePath, environmentFor } from "../node/installation.ts";
import { runCommand } from "../node/command.ts";
import { systemMachine } from "../node/machine.ts";
import { SERVICES } from "../node/services.ts";
import { installationIn } from "../testing/fixtures.ts";
import { compileCommand } from "./compile.ts";

/** The compiler fetches a runtime once; without a network it needs one at hand. */
const CACHED =
  `${denoDir()}/dl/release/v${Deno.version.deno}/denort-${Deno.build.target}.zip`;
const HAS_RUNTIME = Deno.env.has("DENORT_BIN") || await exists(CACHED);

type Installation = ReturnType<typeof installationIn>;

async function compiled(
  program: "conductor" | "codexd",
  installation: Installation,
): Promise<string> {
  const output = `${installation.prefix}/${program}`;
  const ran = await runCommand(compileCommand(program, {
    installation,
    withStatusApi: false,
    repository: systemMachine().repository,
    output,
  }));
  assertEquals(ran.code, 0, ran.stderr);
  return output;
}

/** Starts a compiled program as launchd does; whoever disposes of it waits for its end. */
function start(
  path: string,
  service: typeof SERVICES["conductor" | "codexd"],
  installation: Installation,
) {
  const child = new Deno.Command(path, {
    cwd: installation.prefix,
    clearEnv: true,
    // Neither Deno nor its cache: all that it needs lies in it.
    env: {
      PATH: "/usr/bin:/bin",
      HOME: installation.owner.home,
      ...environmentFor(service, installation),
    },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).spawn();
  const stderr = child.stderr.text();
  return {
    async stop() {
      child.kill("SIGTERM");
      const { code } = await child.status;
      return { code, stderr: await stderr };
    },
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch { /* it has ended */ }
      await child.status;
      await stderr;
    },
  };
}

Deno.test({
  name: "compiled programs start, migrate, serve and stop (needs DENORT_BIN, " +
    "a runtime for deno compile)",
  ignore: !HAS_RUNTIME,
  async fn() {
    await using dir = await tempDir();
    const [conductorBase, codexdBase] = freePorts(2)
      .map((port) => `http://127.0.0.1:${port}`) as [string, string];
    const installation = installationIn(dir.path, {
      settings: {
        BAA_CONDUCTOR_LOCAL_API: conductorBase,
        BAA_CODEXD_LOCAL_API: codexdBase,
        BAA_CODEX_BIN: dir.join("no-codex"),
      },
    });
    await Deno.mkdir(installation.owner.home);
    const paths = {
      conductor: await compiled("conductor", installation),
      codexd: await compiled("codexd", installation),
    };
    // The second time it finds a database, and does not migrate it again.
    for (const time of ["first", "second"]) {
      await using codexd = start(paths.codexd, SERVICES.codexd, installation);
      await using conductor = start(
        paths.conductor,
        SERVICES.conductor,
        installation,
      );
      for (const base of [codexdBase, conductorBase]) {
        await until(async () => (await ask(base, "/readyz")).status === 200);
        assertEquals((await ask(base, "/version")).data?.["version"], VERSION);
      }
      const { data } = await call(`${conductorBase}/v1/exec`, {
        command: "echo compiled",
      });
      assertEquals(data.result.stdout, "compiled\n");
      await until(async () =>
        (await ask(conductorBase, "/v1/codex")).data?.["reachable"] === true
      );
      for (const daemon of [conductor, codexd]) {
        assertEquals(await daemon.stop(), { code: 0, stderr: "" }, time);
      }
    }
    const database = new Database(
      databasePath(installation.settings.get("BAA_STATE_DIR")?.value ?? ""),
      { readonly: true },
    );
    const [version] = database.prepare("PRAGMA user_version").value() ?? [];
    database.close();
    assert(Number(version) > 0);
  },
});
