import { assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { loginEnvironment, loginPath, passedOn } from "./login_environment.ts";
import { systemMachine } from "./machine.ts";

Deno.test("loginEnvironment() tells what the owner's profile exports, and nothing of who asks", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(
    dir.join(".profile"),
    `echo welcome; echo TZ=printed
export PATH=/opt/a:relative:/bin:/opt/a TZ=Asia/Tokyo NO_PROXY='a b, c'
export LC_ALL='one
TZ=two' OTHER=x\n`,
  );
  const owner = { name: "george", uid: 1, gid: 1, home: dir.path };
  const machine = {
    ...systemMachine(),
    uid: 1,
    environment: { SHELL: "/bin/sh", SECRET_OF_WHO_ASKS: "x" },
  };
  const names = ["LC_ALL", "PATH", "TZ", "NO_PROXY", "SECRET_OF_WHO_ASKS"];
  const login = await loginEnvironment(names, { owner, machine });
  assertEquals(login, {
    LC_ALL: "one\nTZ=two",
    PATH: "/opt/a:relative:/bin:/opt/a",
    TZ: "Asia/Tokyo",
    NO_PROXY: "a b, c",
    SECRET_OF_WHO_ASKS: "",
  });
  assertEquals(loginPath(login), "/opt/a:/bin");
  for (const SHELL of ["fish", "/bin/false", "/nowhere"]) {
    const none = { ...machine, environment: { SHELL } };
    assertEquals(await loginEnvironment(names, { owner, machine: none }), {});
  }
  assertEquals(loginPath({}), undefined);
});

Deno.test("passedOn() freezes neither secrets nor what is a session's", () => {
  const login = {
    TZ: "Asia/Tokyo",
    HTTP_PROXY: "http://proxy:3128",
    HTTPS_PROXY: "http://me:pw@proxy:3128",
    GITHUB_TOKEN: "x",
    SSH_AUTH_SOCK: "/tmp/agent",
    HOME: "/home/me",
    OTHER: "x",
    LC_ALL: "",
    ALL_PROXY: "a\nb",
  };
  const names = Object.keys(login).filter((it) => it !== "OTHER");
  assertEquals(passedOn([...names, "LC_CTYPE"], login), {
    values: { TZ: "Asia/Tokyo", HTTP_PROXY: "http://proxy:3128" },
    secret: ["HTTPS_PROXY", "GITHUB_TOKEN"],
  });
});
