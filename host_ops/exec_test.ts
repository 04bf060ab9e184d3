import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";
import { onEachRoad, startVariant, VARIANTS } from "./testing/variants.ts";

for (const variant of VARIANTS) {
  const start = () => startVariant(variant);
  const name = (text: string) => `executeCommand() ${text} (${variant.name})`;

  Deno.test(
    name("hands quotes, newlines and any character to the shell"),
    async () => {
      await using ops = await start();
      const command = `printf '%s|' "it's" 'a "b"' '$HOME' '\\n' 'ā é 😀 \u0001'
echo "second line" 'and
third'`;
      const outcome = await ops.executeCommand({ command }, CALLER);
      assert(outcome.ok);
      assertEquals(
        outcome.result.stdout,
        `it's|a "b"|$HOME|\\n|ā é 😀 \u0001|second line and\nthird\n`,
      );
    },
  );

  Deno.test(
    name("runs nothing that env names before the command"),
    async () => {
      await using ops = await start();
      const env = {
        PS4: "$(echo ps4 >&2)",
        ENV: "/dev/stdin",
        TMOUT: "1",
        BASH_COMPAT: "31",
        POSIXLY_CORRECT: "1",
      };
      for (const stdin of ["", "echo stdin >&2"]) {
        const given = { command: 'echo "$ENV"', env, stdin };
        const outcome = await ops.executeCommand(given, CALLER);
        assertEquals(outcome.result?.stdout, "/dev/stdin\n");
        assertEquals(outcome.result?.stderr, "");
      }
      const traced = { command: "id", env: { SHELLOPTS: "xtrace" } };
      const refused = await ops.executeCommand(traced, CALLER);
      assertEquals(refused.ok || refused.error.code, "INVALID_INPUT");
    },
  );

  Deno.test(name("runs args with no shell between"), async () => {
    await using ops = await start();
    const args = ["printf", "%s|", "a b", "it's", "$(id)", "", "*", "x\ny"];
    const outcome = await ops.executeCommand({ args }, CALLER);
    assert(outcome.ok);
    assertEquals(outcome.result.stdout, "a b|it's|$(id)||*|x\ny|");
    assertEquals(outcome.input.args, args);
    assertEquals(outcome.input.command, undefined);
  });

  Deno.test(name("says 127 for a program that is not there"), async () => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { args: ["no-such-program"] },
      CALLER,
    );
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "EXEC_EXIT_NON_ZERO");
    assertEquals(outcome.result?.exitCode, 127);
    assertStringIncludes(String(outcome.result?.stderr), "no-such-program");
  });

  Deno.test(name("names the signal that ended a command"), async () => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { command: "echo x; kill -9 $$" },
      CALLER,
    );
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "EXEC_EXIT_NON_ZERO");
    assertEquals(outcome.result?.signal, "SIGKILL");
    assertEquals(outcome.result?.exitCode, null);
    assertEquals(outcome.result?.stdout, "x\n");
  });

  Deno.test(
    name("tells an exit code from a signal of the same number"),
    async () => {
      await using ops = await start();
      const outcome = await ops.executeCommand({ command: "exit 143" }, CALLER);
      assertEquals(outcome.result?.exitCode, 143);
      assertEquals(outcome.result?.signal, null);
      const odd = await ops.executeCommand({ command: "exit 125" }, CALLER);
      assertEquals(odd.result?.exitCode, 125);
    },
  );

  Deno.test(name("gives a command an empty standard input"), async () => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { command: "cat; echo end", timeoutMs: 5000 },
      CALLER,
    );
    assert(outcome.ok);
    assertEquals(outcome.result.stdout, "end\n");
  });

  Deno.test(
    name("names a working folder that is missing or none"),
    async () => {
      await using dir = await tempDir();
      await using ops = await start();
      await Deno.writeTextFile(dir.join("file"), "");
      for (
        const [cwd, why] of [
          [dir.join("gone"), "does not exist"],
          [dir.join("file"), "not a directory"],
          [dir.join("file/below"), "not a directory"],
        ] as const
      ) {
        const outcome = await ops.executeCommand(
          { command: "echo ran", cwd },
          CALLER,
        );
        assert(!outcome.ok);
        assertEquals(outcome.error.code, "EXEC_FAILED");
        assertStringIncludes(outcome.error.message, `cwd ${cwd}`);
        assertStringIncludes(outcome.error.message, why);
        assertEquals(outcome.result, undefined);
      }
    },
  );

  Deno.test(name("works in a folder whose name is not plain"), async () => {
    await using dir = await tempDir();
    await using ops = await start();
    const cwd = dir.join("-é 'x'\n$(id)");
    await Deno.mkdir(cwd);
    const outcome = await ops.executeCommand(
      { command: 'printf %s "$PWD"; touch here', cwd },
      CALLER,
    );
    assert(outcome.ok);
    assertEquals(outcome.result.stdout, cwd);
    assert((await Deno.stat(`${cwd}/here`)).isFile);
  });

  Deno.test(name("shows a command only the minimal environment"), async () => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { args: ["env"], cwd: "/tmp" },
      CALLER,
    );
    assert(outcome.ok);
    const names = String(outcome.result.stdout).trim().split("\n")
      .map((line) => line.split("=")[0]).sort();
    // shells add these by themselves
    const own = ["PWD", "OLDPWD", "SHLVL", "_"];
    assertEquals(names.filter((it) => !own.includes(it ?? "")), [
      "BAA_INSIDE",
      "HOME",
      "LANG",
      "PATH",
      "SHELL",
      "TERM",
      "TMPDIR",
    ]);
  });
}

onEachRoad(
  "executeCommand() runs a path with plain words as a shell would",
  async (start) => {
    await using ops = await start();
    await using dir = await tempDir();
    const script = dir.join("script");
    await Deno.writeTextFile(script, 'printf "%s|" "$@"; cat; kill -9 $$');
    await Deno.chmod(script, 0o700);
    const run = async (command: string) => {
      const cwd = dir.path;
      const request = { command, cwd, stdin: "given" };
      const outcome = await ops.executeCommand(request, CALLER);
      assertEquals(outcome.input.command, command);
      return outcome.result;
    };
    const words = "-n a=b,c 2 @x :1 +";
    const killed = await run(`${script} ${words}`);
    assertEquals(killed?.stdout, `${words.replaceAll(" ", "|")}|given`);
    assertEquals(killed?.signal, "SIGKILL");
    const absent = await run("/absent x");
    assertEquals(absent?.exitCode, 127);
    assertStringIncludes(String(absent?.stderr), "/absent");
    assertEquals((await run(dir.path))?.exitCode, 126);
  },
);

onEachRoad(
  "executeCommand() takes no command for an option of the shell",
  async (start) => {
    await using ops = await start();
    for (const [command, word] of [["-s x", "-s"], ["+x", "+x"]] as const) {
      const outcome = await ops.executeCommand(
        { command, stdin: "echo not asked for" },
        CALLER,
      );
      assertEquals(outcome.result?.exitCode, 127);
      assertEquals(outcome.result?.stdout, "");
      assertStringIncludes(String(outcome.result?.stderr), word);
      assertEquals(outcome.input, { ...outcome.input, command });
    }
  },
);

onEachRoad(
  "executeCommand() gives a command its text and the end of it",
  async (start) => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { command: "cat; echo end", stdin: "héllo\nwörld" },
      CALLER,
    );
    assertEquals(outcome.result?.stdout, "héllo\nwörldend\n");
    const args = await ops.executeCommand(
      { args: ["wc", "-c"], stdin: "x".repeat(1_000_000) },
      CALLER,
    );
    assertEquals(String(args.result?.stdout).trim(), "1000000");
  },
);

onEachRoad(
  "executeCommand() does not hang on text that nobody reads",
  async (start) => {
    await using ops = await start();
    const stdin = "x".repeat(5_000_000);
    const outcome = await ops.executeCommand(
      { command: "exec true", stdin, timeoutMs: 5000 },
      CALLER,
    );
    assert(outcome.ok);
  },
);

onEachRoad(
  "executeCommand() adds the caller's variables to the environment",
  async (start) => {
    await using ops = await start();
    const outcome = await ops.executeCommand({
      command: 'printf "%s %s %s" "$A" "$HOME" "$TERM"',
      env: { A: "ü 'x'", HOME: "/elsewhere" },
    }, CALLER);
    assertEquals(outcome.result?.stdout, "ü 'x' /elsewhere dumb");
  },
);

onEachRoad(
  "executeCommand() replaces what is not UTF-8 and keeps a byte order mark",
  async (start) => {
    await using ops = await start();
    const outcome = await ops.executeCommand(
      { command: String.raw`printf '\357\273\277a\377b\303'` },
      CALLER,
    );
    assertEquals(outcome.result?.stdout, "\ufeffa\ufffdb\ufffd");
    assertEquals(outcome.result?.stdoutBytes, 7);
  },
);

Deno.test("executeCommand() says why a shell cannot be started", async () => {
  await using ops = testHostOps({ shell: "/no/such/shell" });
  const outcome = await ops.executeCommand({ command: "true" }, CALLER);
  assert(!outcome.ok);
  assertEquals(outcome.error.code, "EXEC_FAILED");
  assertStringIncludes(outcome.error.message, "/no/such/shell");
});

Deno.test("executeCommand() says why a shell that ends at once is no use", async () => {
  await using ops = testHostOps({ shell: "/bin/false" });
  const outcome = await ops.executeCommand({ command: "true" }, CALLER);
  assert(!outcome.ok);
});

onEachRoad(
  "executeCommand() runs the longest command that there can be, and says the way out for a longer one",
  async (start) => {
    await using ops = await start();
    const longest = `: ${"é".repeat(65_534)}x`;
    const fits = await ops.executeCommand({ command: longest }, CALLER);
    assertEquals(fits.ok, true);
    const outcome = await ops.executeCommand(
      { command: `${longest}x` },
      CALLER,
    );
    assertEquals(!outcome.ok && outcome.error.code, "INVALID_INPUT");
    assertStringIncludes(
      !outcome.ok && outcome.error.message || "",
      "131071 bytes",
    );
    for (const said of [!outcome.ok && outcome.error.message, outcome.hint]) {
      assertStringIncludes(said || "", "/bin/sh");
      assertStringIncludes(said || "", "stdin");
    }
    const way = await ops.executeCommand(
      { args: ["/bin/sh", "-s"], stdin: `${longest}x; echo done` },
      CALLER,
    );
    assertEquals(way.result?.stdout, "done\n");
  },
);

onEachRoad(
  "executeCommand() says which argument or variable is too long, and when all together are",
  async (start) => {
    await using ops = await start();
    const long = "x".repeat(131_072);
    for (
      const [request, path] of [
        [{ args: ["echo", long] }, "args.1"],
        [{ command: "true", env: { A: long } }, "env"],
      ] as const
    ) {
      const outcome = await ops.executeCommand(request, CALLER);
      assertEquals(!outcome.ok && outcome.error.code, "INVALID_INPUT");
      assertStringIncludes(
        !outcome.ok && outcome.error.message || "",
        `exec.${path} must`,
      );
    }
    const args = ["echo", ...Array(40).fill("x".repeat(100_000))];
    const outcome = await ops.executeCommand({ args }, CALLER);
    assertEquals(!outcome.ok && outcome.error.code, "EXEC_FAILED");
    assertStringIncludes(
      !outcome.ok && outcome.error.message || "",
      "args and env together are too long",
    );
    assertStringIncludes(outcome.hint ?? "", "stdin");
  },
);

onEachRoad("executeCommand() runs fifty commands at once", async (start) => {
  await using ops = await start({ maxWaitMs: 60_000 });
  const outcomes = await Promise.all(
    Array.from(
      { length: 50 },
      (_, i) => ops.executeCommand({ command: `echo ${i}` }, CALLER),
    ),
  );
  assertEquals(
    outcomes.map((it) => it.result?.stdout),
    Array.from({ length: 50 }, (_, i) => `${i}\n`),
  );
});
