import { Database } from "@db/sqlite";
import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { exists } from "@std/fs";
import { openDatabase } from "../../../conductor/store/mod.ts";
import { sha256Hex } from "../../../shared/digest.ts";
import { type TempDir, tempDir } from "../../../shared/testing/fakes.ts";
import { type FileChanges, swapBack, swapIn, takeUp } from "./swap_database.ts";

/** A database's one word, as a conductor that starts on it reads it. */
function wordIn(path: string): string | undefined {
  const database = openDatabase(path, { mustExist: true });
  try {
    return database.get<{ reason: string }>("SELECT reason FROM automation")
      ?.reason;
  } finally {
    database.close();
  }
}

/** Leaves a database as a conductor that is killed does: its last word in the log alone. */
async function leave(path: string, word: string): Promise<void> {
  const living = `${path}.living`;
  if (await exists(path)) await Deno.copyFile(path, living);
  const database = openDatabase(living);
  database.run("UPDATE automation SET reason = ?", word);
  for (const suffix of ["", "-wal", "-shm"]) {
    await Deno.copyFile(living + suffix, path + suffix);
  }
  database.close();
  await Deno.remove(living);
}

function pathsIn(dir: TempDir) {
  const [path, aside, staged] = ["conductor.db", "aside.db", "staged.db"]
    .map((it) => dir.join(it)) as [string, string, string];
  return { path, aside, staged };
}

async function prepare(dir: TempDir, spoil: Spoil) {
  const { path, aside, staged } = pathsIn(dir);
  const database = openDatabase(staged);
  database.run("UPDATE automation SET reason = 'of the backup'");
  database.lend((it) => it.exec("PRAGMA journal_mode = DELETE"));
  database.close();
  openDatabase(path).close();
  await leave(path, "acknowledged");
  spoil(path);
  return { path, aside, staged, old: await filesOf(path) };
}

type Spoil = (path: string) => void;
const WHOLE: Spoil = () => {};
const SPOILT: Readonly<Record<string, Spoil>> = {
  "its file is damaged": (path) => overwrite(path, 8192),
  "its log is damaged": (path) => overwrite(`${path}-wal`, 5000),
  "its file is lost": (path) => Deno.removeSync(path),
  "its file is empty": (path) => Deno.truncateSync(path),
};

function overwrite(path: string, at: number): void {
  using file = Deno.openSync(path, { write: true });
  file.seekSync(at, Deno.SeekMode.Start);
  file.writeSync(new Uint8Array(20_000).fill(7));
}

/** What conductor loses nothing of when it is not there is left out. */
async function filesOf(path: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const suffix of ["", "-wal"]) {
    const bytes = await Deno.readFile(path + suffix).catch(() => undefined);
    if (bytes?.length) found.push(suffix + sha256Hex(bytes));
  }
  return found;
}

class Killed extends Error {}

/** The changes of a process that is killed ahead of number `most`. */
function dying(most: number): FileChanges {
  let done = 0;
  const until =
    <A extends unknown[]>(change: (...args: A) => Promise<void>) =>
    (...args: A): Promise<void> =>
      done++ < most ? change(...args) : Promise.reject(new Killed());
  return {
    link: until(Deno.link),
    rename: until(Deno.rename),
    remove: until(Deno.remove),
  };
}

/** Has `change` killed ahead of each change of a file, and then not; returns how many there are. */
async function killedAnywhere(
  spoil: Spoil,
  { change, look }: {
    change(it: Prepared, files: FileChanges): Promise<void>;
    look(it: Prepared): Promise<void>;
  },
): Promise<number> {
  await using prepared = await tempDir();
  const { old } = await prepare(prepared, spoil);
  for (let most = 0;; most++) {
    await using dir = await tempDir();
    for await (const { name } of Deno.readDir(prepared.path)) {
      await Deno.copyFile(prepared.join(name), dir.join(name));
    }
    const it = { ...pathsIn(dir), old };
    const isOver = await change(it, dying(most)).then(
      () => true,
      (error) => {
        if (error instanceof Killed) return false;
        throw error;
      },
    );
    await look(it);
    if (isOver) return most;
  }
}

type Prepared = Awaited<ReturnType<typeof prepare>>;

Deno.test("swapIn() killed anywhere leaves the old database with all it acknowledged, or the backup", async () => {
  const found: unknown[] = [];
  await killedAnywhere(WHOLE, {
    change: ({ staged, path, aside }, files) =>
      swapIn(staged, { path, aside, files }),
    async look({ path, aside, staged }) {
      const word = wordIn(path);
      found.push(word);
      if (word === "of the backup") {
        assertEquals(wordIn(aside), "acknowledged");
        return;
      }
      await takeUp({ path, aside });
      assertEquals([wordIn(path), await exists(aside)], [
        "acknowledged",
        false,
      ]);
      await swapIn(staged, { path, aside });
      assertEquals([wordIn(path), wordIn(aside)], [
        "of the backup",
        "acknowledged",
      ]);
    },
  });
  assertEquals(new Set(found), new Set(["acknowledged", "of the backup"]));
});

Deno.test("swapBack() killed anywhere leaves the backup or the old database, each with all it acknowledged", async () => {
  const found: unknown[] = [];
  await killedAnywhere(WHOLE, {
    async change({ staged, path, aside }, files) {
      await swapIn(staged, { path, aside });
      await leave(path, "written on the backup");
      await swapBack({ path, aside, files });
    },
    async look({ path, aside }) {
      const word = wordIn(path);
      found.push(word);
      await takeUp({ path, aside });
      assertEquals(wordIn(path), word);
      if (word === "acknowledged") return;
      assertEquals(wordIn(aside), "acknowledged");
      await swapBack({ path, aside });
      assertEquals(wordIn(path), "acknowledged");
    },
  });
  const words = ["written on the backup", "acknowledged"];
  assertEquals(new Set(found), new Set(words));
});

for (const [what, spoil] of Object.entries(SPOILT)) {
  Deno.test(`swapIn() and swapBack() killed anywhere never part a database from its log when ${what}`, async () => {
    const isRefused = (path: string) =>
      assertThrows(() => openDatabase(path, { mustExist: true }));
    await killedAnywhere(spoil, {
      change: ({ staged, path, aside }, files) =>
        swapIn(staged, { path, aside, files }),
      async look({ path, aside, old }) {
        if (await exists(path) && (await Deno.stat(path)).size > 0) {
          const now = await filesOf(path);
          if (now.join() !== old.join()) {
            assertEquals(wordIn(path), "of the backup");
            assertEquals(await filesOf(aside), old);
            return;
          }
        }
        isRefused(path);
        await takeUp({ path, aside });
        assertEquals([await filesOf(path), await filesOf(aside)], [old, []]);
      },
    });
    await killedAnywhere(spoil, {
      async change({ staged, path, aside }, files) {
        await swapIn(staged, { path, aside });
        await leave(path, "written on the backup");
        await swapBack({ path, aside, files });
      },
      async look({ path, aside, old }) {
        await takeUp({ path, aside });
        const now = await filesOf(path);
        if (now.join() === old.join()) {
          isRefused(path);
          return;
        }
        assertEquals(wordIn(path), "written on the backup");
        assertEquals(await filesOf(aside), old);
      },
    });
  });
}

Deno.test("swapIn() changes nothing while another program reads what the log holds", async () => {
  await using dir = await tempDir();
  const { path, aside, staged } = await prepare(dir, WHOLE);
  const reader = new Database(path, { readonly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT * FROM automation").values();
  await assertRejects(
    () => swapIn(staged, { path, aside }),
    Error,
    "Another program reads",
  );
  reader.close();
  assertEquals([wordIn(path), await exists(aside)], ["acknowledged", false]);
});
