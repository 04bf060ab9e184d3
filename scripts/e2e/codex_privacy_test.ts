import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { CodexRig } from "../testing/codex_rig.ts";
import { textsIn } from "../testing/files.ts";
import { findRealCodex } from "../testing/real_codex.ts";

const codex = await findRealCodex();

/** Planted secrets: none of them may be in a log. */
const CANARY = {
  token: "canary-token-5b1f7c",
  apiKey: "canary-api-key-90ab12",
  other: "canary-other-77fe31",
  bearer: "canary-bearer-c0ffee",
  cookie: "canary-cookie-beef00",
  header: "canary-header-d00d11",
} as const;

Deno.test({
  name: "real Codex: planted secrets are in no log",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "", {
      OPENAI_API_KEY: CANARY.apiKey,
      SOME_SERVICE_TOKEN: CANARY.other,
      RUST_LOG: "debug",
    });
    const id = await rig.session({ sandbox: "workspace-write" });
    await rig.turn(
      id,
      `curl -H "Authorization: Bearer ${CANARY.bearer}" ` +
        `-H "Cookie: session=${CANARY.cookie}" -H 'X-Api-Key: ${CANARY.header}'`,
    );
    // A command prints the environment that Codex gave it.
    const answer = await rig.turn(id, '@model:shell cmd="env"');
    assertEquals(answer.status, "completed");
    const { turns } = await rig.read(id);
    const printed = JSON.stringify(turns[1]);
    assert(!printed.includes(CANARY.other), "a secret reached a command");
    await rig.kill("SIGTERM");
    const logs = await textsIn(join(rig.folder, "logs", "codexd"));
    assertEquals(logs.size, 3);
    for (const [path, text] of logs) {
      for (const secret of Object.values(CANARY)) {
        assert(!text.includes(secret), `${path} holds ${secret}`);
      }
    }
    const all = [...logs.values()].join("");
    assert(all.includes("turn/start") && all.includes("***"));
    await rig.restart();
  },
});

Deno.test({
  name: "real Codex: the token of codexd reaches neither Codex nor a log",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "", {
      BAA_SHARED_TOKEN: CANARY.token,
    });
    const { pid } = (await rig.status()).app_server;
    const environ = await Deno.readTextFile(`/proc/${pid}/environ`)
      .catch(() => "");
    assert(!environ.includes(CANARY.token));
    const id = await rig.session({ sandbox: "workspace-write" });
    await rig.turn(id, '@model:shell cmd="env"');
    assert(!JSON.stringify(await rig.read(id)).includes(CANARY.token));
    await rig.kill("SIGTERM");
    for (const [path, text] of await textsIn(join(rig.folder, "logs"))) {
      assert(!text.includes(CANARY.token), path);
    }
    await rig.restart();
  },
});

Deno.test({
  name:
    "real Codex: sessions of another client are listed, read and resumed; its configuration is left alone",
  ignore: codex === undefined,
  async fn() {
    await using rig = await CodexRig.start(codex ?? "");
    const config = await Deno.readTextFile(join(rig.home, "config.toml"));
    await git(rig.work);
    const { success } = await new Deno.Command(codex ?? "", {
      args: ["exec", "--skip-git-repo-check", "from another client"],
      cwd: rig.work,
      env: { CODEX_HOME: rig.home },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    assertEquals(success, true);
    const { sessions } = await rig.data<
      { sessions: { session_id: string; preview: string }[] }
    >("/v1/codexd/sessions");
    assertEquals(sessions.map((it) => it.preview), ["from another client"]);
    const id = sessions[0]?.session_id ?? "";
    const { turns } = await rig.read(id);
    assertEquals(turns[0]?.items.at(-1)?.text, "echo: from another client");
    const answer = await rig.turn(id, "and from here");
    assertEquals(answer.final_message, "echo: and from here");
    // Asking for a sandbox in a repository must not mark it as trusted.
    await rig.turn(await rig.session({ sandbox: "workspace-write" }), "x");
    assertEquals(
      await Deno.readTextFile(join(rig.home, "config.toml")),
      config,
    );
  },
});

async function git(folder: string): Promise<void> {
  await new Deno.Command("git", { args: ["init", "--quiet", folder] }).output();
}
