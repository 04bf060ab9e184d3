import { assertEquals, assertStringIncludes } from "@std/assert";
import { exists } from "@std/fs";
import { dirname, fromFileUrl } from "@std/path";
import { tempDir } from "../../shared/testing/fakes.ts";
import { NOT_FOUND, runCommand } from "./node/command.ts";

const HERE = fromFileUrl(new URL("./", import.meta.url));

/** Programs that only say their name and what they were told. */
async function write(path: string, version = ""): Promise<void> {
  await Deno.mkdir(dirname(path), { recursive: true });
  await Deno.writeTextFile(
    path,
    `#!/bin/sh
case "$1" in --version) echo "${version}" ;; *) echo "${path}" "$@" ;; esac
`,
  );
  await Deno.chmod(path, 0o755);
}

/** What the executable runs, in a shell, with nothing else to be found. */
async function started(
  options: {
    readonly env: Record<string, string>;
    readonly shell?: readonly string[];
  },
) {
  const shell = options.shell ?? ["/bin/sh"];
  return await runCommand(
    [
      shell[0] ?? "",
      ...shell.slice(1),
      `${HERE}check-node.sh`,
      "--service",
      "a b",
    ],
    {
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", HOME: "/nowhere", ...options.env },
    },
  );
}

Deno.test("the executables take DENO_BIN before anything else", async () => {
  await using dir = await tempDir();
  await write(dir.join("mine"));
  await write(dir.join("path", "deno"));
  const { stdout } = await started({
    env: {
      DENO_BIN: dir.join("mine"),
      PATH: `${dir.join("path")}:/usr/bin:/bin`,
    },
  });
  assertEquals(
    stdout,
    `${
      dir.join("mine")
    } run --allow-all ${HERE}cli.ts check-node --service a b\n`,
  );
  const wrong = await started({ env: { DENO_BIN: "/nowhere/deno" } });
  assertEquals(wrong.code, 2);
  assertStringIncludes(wrong.stderr, "DENO_BIN is /nowhere/deno");
});

Deno.test("the executables look on PATH, then in the usual folders, and pass over an old Deno", async () => {
  await using dir = await tempDir();
  const [path, home] = [dir.join("path"), dir.join("home")];
  const env = { PATH: `${path}:/usr/bin:/bin`, HOME: home };
  await write(`${home}/.deno/bin/deno`, "deno 2.9.5 (stable)");
  await write(`${path}/deno`, "deno 2.9.5 (stable)");
  assertStringIncludes((await started({ env })).stdout, `${path}/deno run`);
  await write(`${path}/deno`, "deno 1.46.3 (stable)");
  assertStringIncludes(
    (await started({ env })).stdout,
    `${home}/.deno/bin/deno run`,
  );
});

Deno.test("the executables run the pinned Deno with npx where there is none", async () => {
  await using dir = await tempDir();
  await write(dir.join("node", "npx"));
  // This machine's usual folders may hold a Deno.
  const launcher = await Deno.readTextFile(`${HERE}with-deno.sh`);
  const elsewhere = dir.join("with-deno.sh");
  await Deno.writeTextFile(
    elsewhere,
    launcher.replaceAll(/\/(opt\/homebrew|usr\/local)\/bin/g, "/nowhere"),
  );
  const run = (path: string) =>
    runCommand(["/bin/sh", elsewhere, "doctor"], {
      clearEnv: true,
      env: { PATH: path, HOME: "/nowhere" },
    });
  assertStringIncludes(
    (await run(`${dir.join("node")}:/usr/bin:/bin`)).stdout,
    "npx -y deno@2.9.5 run --allow-all",
  );
  const none = await run(await emptyPath(dir));
  assertEquals(none.code, 127);
  assertStringIncludes(none.stderr, "neither Deno nor npx");
});

Deno.test("the smoke scripts test the product's own files, with the product's own configuration", async () => {
  await using dir = await tempDir();
  await write(dir.join("deno"));
  await Deno.writeTextFile(
    dir.join("deno"),
    `#!/bin/sh\nprintf '%s\\n' "$@"\n`,
  );
  for (const name of ["codexd-e2e-smoke", "browser-control-e2e-smoke"]) {
    const { stdout } = await runCommand([`${HERE}${name}.sh`, "--filter=x"], {
      env: { DENO_BIN: dir.join("deno") },
    });
    const [verb, ...args] = stdout.trim().split("\n");
    assertEquals(verb, "test");
    assertEquals(args.at(-1), "--filter=x");
    const files = args.filter((it) => it.startsWith("/"));
    assertEquals(files.filter((it) => it.endsWith("/deno.json")).length, 1);
    for (const file of files) assertEquals(await exists(file), true, file);
  }
});

Deno.test("the executables run in every shell that may be /bin/sh", async () => {
  await using dir = await tempDir();
  await write(dir.join("deno"));
  for (
    const shell of [
      ["dash"],
      ["bash", "--posix"],
      ["busybox", "sh"],
      ["mksh"],
      ["zsh", "--emulate", "sh"],
    ]
  ) {
    const { code, stdout } = await started({
      shell,
      env: { DENO_BIN: dir.join("deno") },
    });
    if (code === NOT_FOUND) continue;
    assertStringIncludes(stdout, "check-node --service a b", shell.join(" "));
  }
});

/** A PATH with what a shell script needs, and no Node. */
async function emptyPath(
  dir: { join(...parts: string[]): string },
): Promise<string> {
  const folder = dir.join("tools");
  await Deno.mkdir(folder);
  for (const tool of ["dirname", "head"]) {
    await Deno.symlink(`/usr/bin/${tool}`, `${folder}/${tool}`);
  }
  return folder;
}
