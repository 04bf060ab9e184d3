import { assert, assertEquals } from "@std/assert";
import { LastAttack } from "../../conductor/status/mod.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { hasChromium } from "../testing/chromium.ts";
import { keepResult, runVectors, VECTORS } from "./attacking/run_vectors.ts";
import { ownStage } from "./attacking/stage.ts";

Deno.test("no vector gets through a conductor and a codexd that were started for it", async () => {
  await using stage = await ownStage();
  const { vectors, failed } = await runVectors(stage);
  assertEquals(vectors.filter(({ outcome }) => outcome === "failed"), []);
  assertEquals(failed, 0);
  assertEquals(vectors.length, VECTORS.length);
});

Deno.test("an attack names what gets through a server that lets everybody in", async () => {
  await using weak = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    (request) => {
      if (request.headers.get("upgrade") === "websocket") {
        const protocol = request.headers.get("sec-websocket-protocol") ?? "";
        return Deno.upgradeWebSocket(request, { protocol }).response;
      }
      return Response.json({ ok: true, data: {} }, {
        headers: { "access-control-allow-origin": "*" },
      });
    },
  );
  await using state = await tempDir();
  await Deno.writeTextFile(state.join("key"), "x", { mode: 0o644 });
  const target = { port: weak.addr.port, token: "Owner-4711-x9k2-7731" };
  const result = await runVectors({
    open: target,
    guarded: target,
    stateDir: state.path,
    own: undefined,
  });
  const failed = result.vectors.filter((it) => it.outcome === "failed");
  assertEquals(result.failed, failed.length);
  const names = failed.map((it) => it.name);
  for (
    const name of [
      'Host "evil.com"',
      "a command with Via: 1.1 proxy",
      "a command with Origin: null",
      'a command as "text/plain"',
      "no token: POST /v1/exec",
      "a form to every route",
      "every route without the token",
      "a WebSocket of null",
      "no CORS header, and nosniff, in any answer",
      "modes of the state's files",
    ]
  ) assert(names.includes(name), `${name} is not reported`);
  const page = result.vectors.find((it) => it.room === "browser page");
  for (
    const name of hasChromium
      ? [
        "a no-cors POST of a command",
        "a beacon with a command",
        "a form of text/plain that is JSON",
        "a WebSocket to the bridge",
        "the status page in a frame",
      ]
      : []
  ) assert(page?.why?.includes(name), `${name} is not reported`);
  // What leaves something behind is not done to who is needed.
  const left = result.vectors.filter((it) => it.outcome === "left out");
  assert(left.some((it) => it.name === "guessing tokens"));
  assert(left.every((it) => it.why !== undefined));

  await keepResult(state.path, result);
  const path = state.join("last-attack.json");
  assertEquals((await Deno.stat(path)).mode, 0o100600);
  const kept = LastAttack.parse(JSON.parse(await Deno.readTextFile(path)));
  assertEquals(kept, result);
});

Deno.test("the name of a vector says which it is", () => {
  const names = VECTORS.map((it) => `${it.room}: ${it.name}`);
  assertEquals(new Set(names).size, names.length);
});
