import { assertEquals, assertRejects } from "@std/assert";
import { FakeClock } from "../shared/testing/fake_clock.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { pause, until } from "../shared/testing/until.ts";
import { FolderShells, orderWord } from "./folder_shells.ts";

for (const shell of ["/bin/sh", "/bin/bash"]) {
  Deno.test(`FolderShells does each order and tells how it ended, by ${shell}`, async () => {
    const shells = new FolderShells({ shell });
    const word = "it's $HOME\n`id`\n";
    await shells.with(async (it) => {
      assertEquals(await it.do(`printf %s ${orderWord(word)}`), {
        code: 0,
        output: word,
      });
      assertEquals(await it.do("echo lost >&2; (exit 7)"), {
        code: 7,
        output: "lost\n",
      });
      assertEquals((await it.do("cd -P /tmp")).code, 0);
    });
    // the next one begins anew
    assertEquals(
      await shells.with((it) => it.do("/bin/pwd -P")),
      { code: 0, output: "/\n" },
    );
    await shells.close();
  });
}

Deno.test("FolderShells makes no more than four, and lets others wait", async () => {
  const shells = new FolderShells({ shell: "/bin/sh" });
  const outcomes = await Promise.all(
    Array.from({ length: 20 }, () => shells.with((it) => it.do("echo $$"))),
  );
  assertEquals(new Set(outcomes.map((it) => it.output)).size, 4);
  await shells.close();
});

Deno.test("FolderShells puts another in the place of one that was killed", async () => {
  const shells = new FolderShells({ shell: "/bin/sh" });
  const killed = Array.from(
    { length: 8 },
    () =>
      assertRejects(
        () => shells.with((it) => it.do("kill -9 $$")),
        Error,
        "has ended",
      ),
  );
  await Promise.all(killed);
  const { output: id } = await shells.with((it) => it.do("echo $$"));
  Deno.kill(Number(id), "SIGKILL"); // while it waits
  await until(() => !isAlive(Number(id)));
  await pause(20); // that the system knows is seen a moment later here
  const outcome = await shells.with((it) => it.do("echo again"));
  assertEquals(outcome.output, "again\n");
  await shells.close();
});

Deno.test("FolderShells gives up a shell that waits for a FIFO", async () => {
  await using dir = await tempDir();
  const fifo = dir.join("fifo");
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  const clock = new FakeClock();
  const shells = new FolderShells({ shell: "/bin/sh", clock });
  const entered = assertRejects(
    () => shells.with((it) => it.enter("/", `cat ${fifo} >/dev/null 2>&1`)),
    Error,
    "has ended",
  );
  await until(() => clock.pending === 1);
  await clock.advance(60_000);
  await entered;
  await shells.close();
  // lets go what waited
  await Deno.open(fifo, { read: true, write: true }).then((it) => it.close());
});

Deno.test("FolderShells throws what the system says when there is no shell", async () => {
  const shells = new FolderShells({ shell: "/nowhere/sh" });
  await shells.prepare();
  for (let i = 0; i < 6; i++) {
    await assertRejects(
      () => shells.with((it) => it.do(":")),
      Deno.errors.NotFound,
    );
  }
  await shells.close();
});

function isAlive(id: number): boolean {
  try {
    Deno.kill(id, "SIGCONT");
    return true;
  } catch {
    return false;
  }
}
