import { assert, assertEquals, assertMatch } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

const ROUNDS = 100;
const AT_ONCE = 4;
const SIZE = 2_000_000;

/** One file's life: a daemon is killed while it writes, again and again. */
async function killWhileWriting(path: string, folder: string, rounds: number) {
  const letters = ["a", "b", "c"];
  const flags = [
    "--allow-run=/bin/sh",
    `--allow-read=${folder}`,
    `--allow-write=${folder}`,
  ];
  const staging = `${folder}/staging`;
  await Deno.writeTextFile(path, "a".repeat(SIZE));
  for (let round = 0; round < rounds; round++) {
    await using daemon = await TestDaemon.start(flags, { staging });
    const write = (letter: string) =>
      daemon.ask({
        operation: "files/write",
        input: { path, content: letter.repeat(SIZE) },
      });
    // However slow the machine is: from here on it is writing.
    await write("a");
    const asking = (async () => {
      for (const letter of ["b", "c", "a", "b"]) await write(letter);
    })().catch(() => {}); // it is killed while it is asked
    await new Promise((resolve) => setTimeout(resolve, 2 + (round * 7) % 60));
    await daemon.kill();
    await asking;

    const text = await Deno.readTextFile(path);
    assertEquals(text.length, SIZE);
    const letter = text[0] ?? "";
    assert(letters.includes(letter) && text === letter.repeat(SIZE));
  }
}

Deno.test("a daemon killed while it writes leaves the old file or the new one", async () => {
  await using dir = await tempDir();
  const files = Array.from(
    { length: AT_ONCE },
    (_, i) => dir.join(`file-${i}`),
  );
  await Promise.all(
    files.map((it) => killWhileWriting(it, dir.path, ROUNDS / AT_ONCE)),
  );
  for await (const { name } of Deno.readDir(dir.path)) {
    assert(name === "staging" || files.includes(dir.join(name)), name);
  }
  for await (const { name } of Deno.readDir(dir.join("staging"))) {
    assertMatch(name, /^\.baa-write-\d+-[0-9a-f-]{36}\.tmp$/);
  }
});
