import { assert, assertEquals } from "@std/assert";
import { sha256Hex } from "../shared/digest.ts";
import { type TempDir, tempDir } from "../shared/testing/fakes.ts";
import type { HostOps, HostOpsOptions } from "./mod.ts";
import { startAttacker } from "./testing/run_attacker.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

/** How long each race goes on; for a proof, a minute: `RACE_SECONDS=60`. */
const RACE_MS = Number(Deno.env.get("RACE_SECONDS") ?? 1) * 1_000;

/** How long it may take on a busy machine until an honest request succeeds. */
const HONEST_MS = 60_000;

/** Where to write how each race went; not said: nowhere. */
const REPORT = Deno.env.get("RACE_REPORT");

/** Requests that are under way at once, and processes that attack. */
const AT_ONCE = 8;
const ATTACKERS = 2;

interface Race {
  readonly dir: TempDir;
  /** How to attack, and which path of `inside` and of `outside`. */
  readonly attack: readonly [kind: string, victim: string, target: string];
  readonly options: (dir: TempDir) => Partial<HostOpsOptions>;
  /** What comes of an honest request now and then, in spite of the attack. */
  readonly wanted: string;
  /** Asks once; returns a word for what came of it. */
  readonly ask: (ops: HostOps, turn: number) => Promise<string>;
}

/**
 * The same in two folders, once for each attacker; only what is in one of them
 * may be touched.
 */
async function world(): Promise<TempDir> {
  const dir = await tempDir();
  for (const place of ["inside", "outside"]) {
    for (let i = 0; i < ATTACKERS; i++) {
      const folder = dir.join(place, `${i}/a/b`);
      await Deno.mkdir(folder, { recursive: true });
      await Deno.writeTextFile(`${folder}/file`, place);
    }
  }
  return dir;
}

/** Asks as long as the race goes on; returns how often each word came. */
async function race(
  { dir, attack: [kind, victim, target], options, wanted, ask }: Race,
) {
  await using stack = new AsyncDisposableStack();
  const staging = dir.join("staging");
  const ops = stack.use(testHostOps({ staging, ...options(dir) }));
  for (let i = 0; i < (victim === ROOT ? 1 : ATTACKERS); i++) {
    const at = victim === ROOT ? "" : `${i}`;
    const paths = [
      dir.join("inside", at, victim),
      dir.join("outside", at, target),
    ];
    stack.use(await startAttacker(kind, ...paths));
  }
  const counts: Record<string, number> = {};
  const end = performance.now() + RACE_MS;
  const isOver = () => {
    const now = performance.now();
    return now > end + HONEST_MS || (now > end && wanted in counts);
  };
  let turn = 0;
  const client = async () => {
    while (!isOver()) {
      turn += 1;
      const word = await ask(ops, turn);
      counts[word] = (counts[word] ?? 0) + 1;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, client));
  return counts;
}

async function report(name: string, counts: Record<string, number>) {
  if (REPORT === undefined) return;
  const line = `${name}: ${JSON.stringify(counts)}\n`;
  await Deno.writeTextFile(REPORT, line, { append: true });
}

/** A path of the attacked folders in turn, every other time down and up again. */
function askedFor(
  path: string,
  { dir, turn }: { readonly dir: TempDir; readonly turn: number },
): string {
  const way = turn % (2 * ATTACKERS) < ATTACKERS
    ? path
    : path.replace("a/b/", "a/b/../../a/b/../b/");
  return `${dir.join("inside")}/${turn % ATTACKERS}/${way}`;
}

/** Exchanges the root itself. */
const ROOT = "";

const ROOTS = (dir: TempDir) => ({
  readRoots: [dir.join("inside")],
  writeRoots: [dir.join("inside")],
});
const OWN_FILE = (dir: TempDir) => ({
  ownPaths: Array.from(
    { length: ATTACKERS },
    (_, i) => dir.join(`outside/${i}/a/b/file`),
  ),
});
const OWN_FOLDER = (dir: TempDir) => ({ ownPaths: [dir.join("outside")] });

/** What is exchanged while it is read or edited, and for what. */
const EXCHANGED = [
  ["a file", "link to a file", "a/b/file", "a/b/file", ROOTS],
  ["its folder", "link to a folder", "a/b", "a/b", ROOTS],
  ["its folder's folder", "link to a folder", "a", "a", ROOTS],
  ["the root", "link to a folder", ROOT, ROOT, ROOTS],
  [
    "a file for an own one",
    "name of a file",
    "a/b/file",
    "a/b/file",
    OWN_FILE,
  ],
  ["a folder for an own one", "link to a folder", "a", "a", OWN_FOLDER],
] as const;

for (const [what, kind, victim, target, options] of EXCHANGED) {
  const name = `files/read gets nothing from elsewhere by exchanging ${what}`;
  Deno.test(name, async () => {
    await using dir = await world();
    const counts = await race({
      dir,
      attack: [kind, victim, target],
      options,
      wanted: "inside",
      ask: async (ops, turn) => {
        const path = askedFor("a/b/file", { dir, turn });
        const outcome = await ops.readTextFile({ path }, CALLER);
        return outcome.ok ? `${outcome.result.content}` : outcome.error.code;
      },
    });
    await report(name, counts);
    assertEquals(counts["outside"] ?? 0, 0);
    assert((counts["inside"] ?? 0) > 0, JSON.stringify(counts));
  });
}

for (
  const [what, kind, victim, target, options, path] of [
    ["a file", "link to a file", "a/b/file", "a/b/file", ROOTS, "a/b/file"],
    ["its folder", "link to a folder", "a/b", "a/b", ROOTS, "a/b/N"],
    ["a full folder", "link to a folder", "a/b", "a/b", ROOTS, "a/b/file"],
    ["its folder's folder", "link to a folder", "a", "a", ROOTS, "a/b/N"],
    ["the root", "link to a folder", ROOT, ROOT, ROOTS, "a/b/N"],
    ["a missing folder", "link to nothing", "a/new", "a", ROOTS, "a/new/N/it"],
    [
      "a file for an own one",
      "name of a file",
      "a/b/file",
      "a/b/file",
      OWN_FILE,
      "a/b/file",
    ],
    [
      "a folder for an own one",
      "link to a folder",
      "a",
      "a",
      OWN_FOLDER,
      "a/b/file",
    ],
  ] as const
) {
  for (const overwrite of [true, false]) {
    if (!overwrite && path.endsWith("file")) continue;
    const name =
      `files/write leaves nothing elsewhere by exchanging ${what}, overwrite=${overwrite}`;
    Deno.test(name, async () => {
      await using dir = await world();
      const before = await everything(dir.join("outside"));
      const counts = await race({
        dir,
        attack: [kind, victim, target],
        options,
        wanted: "written",
        ask: async (ops, turn) => {
          const outcome = await ops.writeTextFile({
            path: askedFor(path.replace("N", `${turn}`), { dir, turn }),
            content: "written",
            createParents: what === "a missing folder",
            overwrite,
          }, CALLER);
          return outcome.ok ? "written" : outcome.error.code;
        },
      });
      const after = await everything(dir.join("outside"));
      const inside = await everything(dir.join("inside"));
      await report(name, { ...counts, outside: after.length - before.length });
      assertEquals(after, before);
      const written = counts["written"] ?? 0;
      assert(written > 0, JSON.stringify(counts));
      if (path.includes("N")) {
        const landed = inside.filter((it) => it.endsWith(": written")).length;
        assertEquals(landed, written);
      }
      assertEquals(inside.filter((it) => it.includes("/.baa-write")), []);
    });
  }
}

for (const [what, kind, victim, target, options] of EXCHANGED) {
  const name =
    `files/edit changes and shows nothing elsewhere by exchanging ${what}`;
  Deno.test(name, async () => {
    await using dir = await world();
    const before = await everything(dir.join("outside"));
    const counts = await race({
      dir,
      attack: [kind, victim, target],
      options,
      wanted: "edited",
      ask: async (ops, turn) => {
        const path = dir.join(`inside/${turn % ATTACKERS}/a/b/file`);
        const edits = [{ old: "side", new: "side" }];
        const outcome = await ops.editTextFile({ path, edits }, CALLER);
        if (!outcome.ok) return outcome.error.code;
        const isOurs = outcome.result.sha256Before === sha256Hex("inside");
        return isOurs ? "edited" : "edited elsewhere";
      },
    });
    const after = await everything(dir.join("outside"));
    await report(name, { ...counts, outside: after.length - before.length });
    assertEquals(after, before);
    assertEquals(counts["edited elsewhere"] ?? 0, 0);
    assert((counts["edited"] ?? 0) > 0, JSON.stringify(counts));
    const inside = await everything(dir.join("inside"));
    assertEquals(inside.filter((it) => it.includes("/.baa-write")), []);
  });
}

/** All that is below a folder, and what is in it. */
async function everything(path: string): Promise<string[]> {
  const all: string[] = [];
  for await (const entry of Deno.readDir(path)) {
    const child = `${path}/${entry.name}`;
    all.push(
      entry.isFile ? `${child}: ${await Deno.readTextFile(child)}` : child,
    );
    if (entry.isDirectory) all.push(...await everything(child));
  }
  return all.sort();
}
