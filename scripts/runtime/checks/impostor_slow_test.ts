import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { printable } from "../../../shared/printable.ts";
import { startDaemon } from "../../testing/daemon.ts";
import { testNode } from "../testing/test_node.ts";

const TOKEN = "Kx7-planted-owner-token-51";

/** Somebody on a port of ours, who says what is expected and remembers what was said. */
class Impostor implements AsyncDisposable {
  readonly heard: string[] = [];
  readonly #server: Deno.HttpServer;

  constructor(base: string, name: string) {
    const { hostname, port } = new URL(base);
    this.#server = Deno.serve(
      { hostname, port: Number(port), onListen() {} },
      async (request) => {
        const { pathname, search } = new URL(request.url);
        this.heard.push(
          `${request.method} ${pathname}${search} ` +
            JSON.stringify([...request.headers]) + await request.text(),
        );
        const data = {
          name,
          version: "0.1.0\u001b]0;owned\u0007",
          status: "ok",
          reasons: ["\u001b[2Jcleared"],
          reachable: true,
          nonce: "AAAAAAAAAAAAAAAAAAAAAA",
          identity_proof: "A".repeat(43),
        };
        return pathname.endsWith("z")
          ? new Response("ready\u001b[31m\u202e")
          : Response.json({ ok: true, request_id: "r", data });
      },
    );
  }

  get said(): string {
    return this.heard.join("\n");
  }

  async [Symbol.asyncDispose]() {
    await this.#server.shutdown();
  }
}

for (const command of ["check-node", "doctor"] as const) {
  Deno.test(`${command} tells the token to nobody who only says that it is conductor`, async () => {
    await using node = await testNode();
    Object.assign(node.env, {
      BAA_CONDUCTOR_LOCAL_API: node.conductor,
      BAA_SHARED_TOKEN: TOKEN,
    });
    await using conductor = new Impostor(
      node.conductor,
      "baa-conductor-daemon",
    );
    await using codexd = new Impostor(node.codexd, "baa-codexd-daemon");
    // Where nothing tells who holds the port, what it says is all there is.
    for (const tool of ["lsof", "ss"]) await node.standIn(tool, "exit 127");
    const { code, stdout, stderr } = command === "doctor"
      ? await node.run("with-deno", "doctor")
      : await node.run("check-node", "--skip-static-check");
    const printed = stdout + stderr;
    assert(code !== 0, printed);
    assertStringIncludes(printed, "does not prove that it knows the token");
    assert(conductor.heard.length > 0 && codexd.heard.length > 0);
    for (const said of [conductor.said, codexd.said]) {
      assertEquals(said.includes(TOKEN), false, said);
      assertEquals(/authorization/i.test(said), false, said);
    }
    assertEquals(printed.split("\n").map(printable).join("\n"), printed);
  });
}

for (const tool of ["lsof", "ss", "none"] as const) {
  Deno.test(`check-node sends nothing to somebody else that it knows by ${tool}, and prints none of it raw`, async () => {
    await using node = await testNode();
    Object.assign(node.env, {
      BAA_CONDUCTOR_LOCAL_API: node.conductor,
      BAA_SHARED_TOKEN: TOKEN,
    });
    await using stranger = new Impostor(node.conductor, "some\u001b[31mbody");
    if (tool !== "lsof") await node.standIn("lsof", "exit 127");
    if (tool === "none") await node.standIn("ss", "exit 127");
    const { stdout } = await node.run("check-node", "--skip-static-check");
    assertStringIncludes(stdout, "it is not conductor");
    if (tool === "none") {
      assertEquals(
        stranger.heard.map((it) => it.split(" ", 2)[1]),
        ["/healthz", "/version"],
      );
    } else {
      assertStringIncludes(
        stdout,
        `(pid ${Deno.pid}) holds ${node.conductor}: it is not conductor`,
      );
      assertStringIncludes(
        stdout,
        `fix: if it is yours, end it (kill ${Deno.pid})`,
      );
      assertEquals(stranger.heard, []);
    }
    assertEquals(stdout.includes("\u001b"), false);
  });
}

Deno.test("check-node asks a conductor that has proven to know the token for the rest", async () => {
  await using conductor = await startDaemon("conductor", {
    BAA_SHARED_TOKEN: TOKEN,
  });
  await using node = await testNode();
  Object.assign(node.env, {
    BAA_CONDUCTOR_LOCAL_API: conductor.origin,
    BAA_STATE_DIR: `${conductor.folder}/state`,
    BAA_SHARED_TOKEN: TOKEN,
  });
  const { stdout } = await node.run("check-node", "--skip-static-check");
  assertStringIncludes(stdout, "role: leader");
  assertStringIncludes(stdout, "codex: ");
  // The reasons in /health are the owner's alone.
  assertStringIncludes(stdout, "no extension is connected");
  assertEquals(stdout.includes("does not prove"), false, stdout);
  node.env["BAA_SHARED_TOKEN"] = `${TOKEN}-of-another`;
  const other = await node.run("check-node", "--skip-static-check");
  assertStringIncludes(other.stdout, "does not prove that it knows the token");
  assertEquals(other.stdout.includes("no extension is connected"), false);
});
