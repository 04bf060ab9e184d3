import { assertEquals } from "@std/assert";
import { codexEnvironment, secretValues } from "./environment.ts";
import { MARK_VARIABLE } from "./orphans.ts";

function environment(own: Record<string, string>, execPath?: string) {
  return codexEnvironment({
    inherited: new Map(Object.entries(own)),
    execPath,
    tmpDir: "/own/tmp",
    mark: "the-mark",
  });
}

Deno.test("codexEnvironment() gives Codex a few variables and none of codexd's", () => {
  const env = environment({
    HOME: "/home/o",
    PATH: "/bin",
    OPENAI_API_KEY: "k",
    BAA_SHARED_TOKEN: "secret",
    SOME_SERVICE_TOKEN: "secret",
    LD_PRELOAD: "/evil.so",
    LANG: "",
  }, "/exec/path");
  assertEquals(env, {
    HOME: "/home/o",
    OPENAI_API_KEY: "k",
    PATH: "/exec/path",
    TMPDIR: "/tmp",
    TERM: "dumb",
    NO_COLOR: "1",
    [MARK_VARIABLE]: "the-mark",
  });
});

Deno.test("codexEnvironment() completes a PATH that is too short for Codex's tools", () => {
  const folders = environment({ PATH: "/bin", HOME: "/home/o" }).PATH?.split(
    ":",
  );
  assertEquals(folders?.[0], "/bin");
  assertEquals(folders?.includes("/opt/homebrew/bin"), true);
});

Deno.test("codexEnvironment() keeps the temporary folder away from CODEX_HOME", () => {
  const tmpOf = (own: Record<string, string>) => environment(own).TMPDIR;
  assertEquals(
    tmpOf({ TMPDIR: "/var/t", CODEX_HOME: "/home/o/.codex" }),
    "/var/t",
  );
  assertEquals(
    tmpOf({ TMPDIR: "/var/t", CODEX_HOME: "/var/t/codex" }),
    "/own/tmp",
  );
  assertEquals(tmpOf({ CODEX_HOME: "/tmp/codex" }), "/own/tmp");
  assertEquals(tmpOf({ CODEX_HOME: "/tmpfs/codex" }), "/tmp");
});

Deno.test("secretValues() finds what must not be logged", () => {
  const own = new Map([["OPENAI_API_KEY", "k1"], ["HOME", "/h"]]);
  assertEquals(secretValues(own), ["k1"]);
});
