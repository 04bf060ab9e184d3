import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { freePort } from "../../shared/testing/free_ports.ts";
import { until } from "../../shared/testing/until.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { daemonCommand } from "../launch.ts";
import { type Answer, call } from "../testing/http.ts";
import { sharedState } from "../testing/state.ts";
import { canStartStranger, Stranger } from "../testing/stranger.ts";

const TOKEN = "Owners-token-for-e2e-5d21";

function ask(daemon: RunningDaemon, path: string, body?: unknown) {
  const headers = { authorization: `Bearer ${TOKEN}` };
  return call(daemon.origin + path, body, headers);
}

/** Has conductor try all of its ways to codexd; returns what its callers are told. */
async function tryAllWays(conductor: RunningDaemon): Promise<Answer[]> {
  for (let n = 0; n < 3; n++) await ask(conductor, "/v1/codex");
  return [
    await ask(conductor, "/v1/codex/sessions"),
    await ask(conductor, "/v1/codex/sessions", {}),
    await ask(conductor, "/v1/codex/turn", { session_id: "s", input: "x" }),
    await ask(conductor, "/v1/codex/events"),
  ];
}

Deno.test({
  name:
    "whoever holds codexd's port while it is away is told nothing that any daemon takes",
  ignore: !canStartStranger,
  async fn() {
    await using state = await sharedState();
    const port = freePort();
    const env = {
      ...state.env,
      BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${port}`,
      BAA_SHARED_TOKEN: TOKEN,
    };
    const folder = join(state.folder, "codexd");
    const isHealthy = (conductor: RunningDaemon) =>
      until(
        () => ask(conductor, "/v1/codex"),
        ({ data }) => data.reachable === true,
      );
    await using conductor = await startDaemon("conductor", env);
    {
      await using codexd = await startDaemon("codexd", env);
      await isHealthy(conductor);
      // Its socket and its key stay behind.
      codexd.child.kill("SIGKILL");
      await codexd.child.status;
    }

    const heard: string[] = [];
    {
      await using stranger = await Stranger.at(port);
      // One that knew codexd, and one that has never seen it.
      await using another = await startDaemon("conductor", env);
      for (const it of [conductor, another]) {
        for (const { status, error } of await tryAllWays(it)) {
          assertEquals([status, error.code], [503, "CODEXD_UNAVAILABLE"]);
        }
      }
      const { data } = await ask(conductor, "/v1/codex");
      assertEquals(data.reachable, false);
      assert(data.reason.includes(join(folder, "codexd.sock")), data.reason);
      const late = await codexdExit(env);
      assertEquals(late, 2, "the port is in use");
      heard.push(...stranger.heard);
    }
    const secrets = heard.flatMap((it) =>
      [...it.matchAll(/bearer ([^"]+)/gi)].map(([, secret]) => secret)
    );
    for (const secret of secrets) {
      const { status } = await call(`${conductor.origin}/v1/exec`, {
        command: "true",
      }, { authorization: `Bearer ${secret}` });
      assertEquals(status, 401, "the stranger's secret opens conductor");
    }
    assertEquals(heard, []);

    await using codexd = await startDaemon("codexd", env);
    await isHealthy(conductor);
    await using stranger = await Stranger.at(freePort());
    const socket = JSON.stringify(join(folder, "codexd.sock"));
    const key = JSON.stringify(join(folder, "key"));
    assertEquals(
      await stranger.gets(`Deno.connect({transport:"unix",path:${socket}})`),
      "PermissionDenied",
    );
    assertEquals(
      await stranger.gets(`Deno.readTextFile(${key})`),
      "PermissionDenied",
    );
    const bearer = `Bearer ${await Deno.readTextFile(join(folder, "key"))}`;
    for (const { origin } of [conductor, codexd]) {
      const path = origin === codexd.origin ? "/v1/codexd/status" : "/v1/codex";
      const headers = { authorization: bearer.trim() };
      assertEquals((await call(origin + path, undefined, headers)).status, 401);
    }
  },
});

/** Starts codexd where it cannot; returns the code that it ends with. */
async function codexdExit(
  env: Readonly<Record<string, string>>,
): Promise<number> {
  const { program, args } = daemonCommand("codexd", { env });
  const { code } = await new Deno.Command(program, {
    args,
    env,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).output();
  return code;
}
