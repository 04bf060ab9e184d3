import { assert, assertEquals, assertMatch } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import type { HostOperation } from "./mod.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

/** How often each daemon is killed; for a proof, more: `CRASH_ROUNDS=100`. */
const ROUNDS = Number(Deno.env.get("CRASH_ROUNDS") ?? 16);
const AT_ONCE = 4;
const MIDDLE = "-".repeat(2_000_000);
const LETTERS = ["a", "b", "c", "d", "e", "f"];

function whole(letter: string): string {
  return `<${letter}\n${MIDDLE}\n${letter}>`;
}

/** How a file that holds one letter comes to hold the next. */
const WAYS: Readonly<
  Record<
    string,
    (path: string, from: string, to: string) => {
      readonly operation: HostOperation;
      readonly input: unknown;
    }
  >
> = {
  writes: (path, _, to) => ({
    operation: "files/write",
    input: { path, content: whole(to) },
  }),
  edits: (path, from, to) => ({
    operation: "files/edit",
    input: {
      path,
      edits: [
        { old: `<${from}`, new: `<${to}` },
        { old: `${from}>`, new: `${to}>` },
      ],
    },
  }),
};

/** One file's life: a daemon is killed while it works on it, again and again. */
async function killAtWork(
  { path, folder, way }: {
    readonly path: string;
    readonly folder: string;
    readonly way: (typeof WAYS)[string];
  },
) {
  const flags = [
    "--allow-run=/bin/sh",
    `--allow-read=${folder}`,
    `--allow-write=${folder}`,
  ];
  const staging = `${folder}/staging`;
  const seen = new Set<string>();
  for (let round = 0; round < ROUNDS / AT_ONCE; round++) {
    await Deno.writeTextFile(path, whole("a"));
    await using daemon = await TestDaemon.start(flags, { staging });
    const started = Promise.withResolvers<void>();
    const working = (async () => {
      for (const [i, letter] of LETTERS.slice(1).entries()) {
        // however slow the machine is: it is at work, somewhere
        if (i === round % 4) started.resolve();
        const outcome = await daemon.do(way(path, LETTERS[i] ?? "", letter));
        assert(outcome.ok, JSON.stringify(outcome));
      }
    })();
    const ended = working.catch(() => {}); // it is killed at work
    await Promise.race([started.promise, working]);
    await new Promise((resolve) => setTimeout(resolve, (round * 7) % 60));
    await daemon.kill();
    await ended;

    const text = await Deno.readTextFile(path);
    const letter = text[1] ?? "";
    assert(LETTERS.includes(letter), letter);
    assertEquals(text === whole(letter), true, `round ${round}: ${letter}`);
    seen.add(letter);
  }
  return seen;
}

for (const [what, way] of Object.entries(WAYS)) {
  Deno.test(`a daemon killed while it ${what} leaves the old file or the new one`, async () => {
    await using dir = await tempDir();
    const files = Array.from(
      { length: AT_ONCE },
      (_, i) => dir.join(`file-${i}`),
    );
    const seen = await Promise.all(
      files.map((path) => killAtWork({ path, folder: dir.path, way })),
    );
    // it was killed before, in between and after, not always at the same point
    assert(new Set(seen.flatMap((it) => [...it])).size > 1);
    for await (const { name } of Deno.readDir(dir.path)) {
      assert(name === "staging" || files.includes(dir.join(name)), name);
    }
    for await (const { name } of Deno.readDir(dir.join("staging"))) {
      assertMatch(name, /^\.baa-write-\d+-[0-9a-f-]{36}\.tmp$/);
    }
  });
}
