import { assertEquals } from "@std/assert";
import { childEnvironment, completePath } from "./environment.ts";

Deno.test("childEnvironment() takes over a few variables and no other", () => {
  const own: Readonly<Record<string, string>> = {
    HOME: "/home/me",
    USER: "me",
    LANG: "de_DE.UTF-8",
    TMPDIR: "/tmp/me",
    PATH: "/own:/usr/bin",
    SHELL: "/bin/fish",
    TERM: "xterm",
    BAA_SHARED_TOKEN: "secret",
    LD_PRELOAD: "x",
  };
  assertEquals(
    childEnvironment({ own: (name) => own[name], shell: "/bin/sh" }).values,
    {
      PATH:
        "/own:/usr/bin:/home/me/.local/bin:/opt/homebrew/bin:/opt/homebrew/sbin:/usr/local/bin:/usr/local/sbin:/bin:/usr/sbin:/sbin",
      SHELL: "/bin/sh",
      LANG: "de_DE.UTF-8",
      TMPDIR: "/tmp/me",
      TERM: "dumb",
      HOME: "/home/me",
      USER: "me",
    },
  );
});

Deno.test("childEnvironment() has defaults and takes execPath as it is", () => {
  assertEquals(
    childEnvironment({
      own: (name) => name === "LOGNAME" ? "me" : undefined,
      shell: "/bin/sh",
      execPath: "/only",
      os: "darwin",
    }).values,
    {
      PATH: "/only",
      SHELL: "/bin/sh",
      LANG: "en_US.UTF-8",
      TMPDIR: "/tmp",
      TERM: "dumb",
      USER: "me",
    },
  );
});

Deno.test("childEnvironment() passes on what is named and set, says where all came from, and lets nothing take the place of its own", () => {
  const own: Readonly<Record<string, string>> = {
    PATH: "/own",
    TZ: "",
    SSH_AUTH_SOCK: "/tmp/agent",
    TERM: "xterm",
    SHELL: "/bin/fish",
    OTHER: "x",
  };
  const { values, sources } = childEnvironment({
    own: (name) => own[name],
    shell: "/bin/sh",
    execPath: "/only",
    passOn: ["TZ", "SSH_AUTH_SOCK", "LC_ALL", "TERM", "SHELL"],
    os: "linux",
  });
  assertEquals(values, {
    TZ: "",
    SSH_AUTH_SOCK: "/tmp/agent",
    PATH: "/only",
    SHELL: "/bin/sh",
    LANG: "C.UTF-8",
    TMPDIR: "/tmp",
    TERM: "dumb",
  });
  assertEquals(sources, {
    TZ: "BAA_EXEC_ENV",
    SSH_AUTH_SOCK: "BAA_EXEC_ENV",
    PATH: "BAA_EXEC_PATH",
    SHELL: "BAA_SHELL",
    LANG: "default",
    TMPDIR: "default",
    TERM: "default",
  });
});

Deno.test("completePath() names no folder twice", () => {
  const folders = completePath("/bin::/bin:/usr/local/bin", undefined)
    .split(":");
  assertEquals(new Set(folders).size, folders.length);
  assertEquals(folders.slice(0, 2), ["/bin", "/usr/local/bin"]);
});
