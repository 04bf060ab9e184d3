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
    childEnvironment({ own: (name) => own[name], shell: "/bin/sh" }),
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
    }),
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

Deno.test("completePath() names no folder twice", () => {
  const folders = completePath("/bin::/bin:/usr/local/bin", undefined)
    .split(":");
  assertEquals(new Set(folders).size, folders.length);
  assertEquals(folders.slice(0, 2), ["/bin", "/usr/local/bin"]);
});
