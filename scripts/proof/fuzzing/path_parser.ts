import { assert, assertEquals } from "@std/assert";
import { dirname, join } from "@std/path";
import fc from "fast-check";
import { HostOpFailure } from "../../../host_ops/failure.ts";
import { MAX_PATH_BYTES } from "../../../host_ops/schemas.ts";
import { type Judged, PathPolicy } from "../../../host_ops/policy.ts";
import { hasParents } from "../../../shared/user_path.ts";
import { type Parser, parser } from "./run_parser.ts";
import { texts } from "./texts.ts";

/** Links of the folder that is made, by their names, and where they lead. */
const LINKS: Readonly<Record<string, string>> = {
  "in/link": "../out/secret",
  "in/folder": "../out",
  "in/up": "..",
  "in/dangling": "../out/new",
  "in/later": "deep/later",
  "in/loop": "loop",
  "in/self": ".",
  "in/alias": "state",
  "in/deep/root": "/",
  "in/deep/back": "../../out/home",
  "out/home": "../in",
  "out/inwards": "../in/file",
};
const FILES = [
  "in/file",
  "in/deep/file",
  "in/state/db",
  "in/left",
  "out/secret",
];
/** One file with two names. */
const [OWN, SECOND_NAME] = ["in/state/db", "in/second"] as const;

const NAMES = [
  "in",
  "out",
  "file",
  "deep",
  "state",
  "db",
  "left",
  "second",
  "secret",
  "new",
  ...Object.keys(LINKS).map((it) => it.slice(it.lastIndexOf("/") + 1)),
];
const PIECES = [...NAMES, "..", ".", "", "etc", "...", "\u00e9"].map((it) =>
  `/${it}`
);
const paths = fc.tuple(
  fc.constantFrom("/in", "/in", "/in", "/out", ""),
  fc.array(fc.constantFrom(...PIECES, "/..", "/.."), { maxLength: 6 }),
).map(([start, rest]) => start + rest.join(""));

/** Where a path leads as the kernel goes, link by link; undefined: nowhere. */
function walk(base: string, path: string): string | undefined {
  let parts = path.split("/");
  let at = "/";
  let links = 0;
  for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
    if (part === "" || part === ".") continue;
    if (part === "..") {
      at = dirname(at);
      continue;
    }
    const isWithin = at.startsWith(base);
    // Beside what was made nothing is known but the way to it.
    if (!isWithin && !`${base}/`.startsWith(`${join(at, part)}/`)) {
      return undefined;
    }
    at = join(at, part);
    const own = at.slice(base.length + 1);
    const target = isWithin || at.startsWith(`${base}/`)
      ? TARGETS.get(own)
      : undefined;
    if (target === undefined) {
      const isLast = parts.every((it) => it === "");
      const isFolder = !at.startsWith(`${base}/`) || FOLDERS.has(own);
      if (!isFolder && !isLast) return undefined;
      continue;
    }
    if (++links > 40) return undefined;
    parts = [...target.split("/"), ...parts];
    at = target.startsWith("/") ? "/" : dirname(at);
  }
  return at;
}

const TARGETS = new Map(Object.entries(LINKS));
const FOLDERS = new Set(["in", "in/deep", "in/state", "out"]);

/** Which files the file operations may touch, wherever a path pretends to be. */
export const PATH_PARSER: Parser = parser("path-policy", async () => {
  const base = await Deno.realPath(await Deno.makeTempDir());
  for (const it of FOLDERS) await Deno.mkdir(join(base, it));
  for (const it of FILES) await Deno.writeTextFile(join(base, it), it);
  for (const [it, target] of Object.entries(LINKS)) {
    await Deno.symlink(target, join(base, it));
  }
  await Deno.link(join(base, OWN), join(base, SECOND_NAME));
  const root = join(base, "in");
  const policy = new PathPolicy({
    readRoots: [root],
    writeRoots: [root],
    ownPaths: [join(base, "in/state")],
    leftOut: [join(base, "in/left")],
  });
  const judge = async (path: string, access: "read" | "write") =>
    await policy.admit(
      hasParents(path) ? await policy.follow(path, access) : path,
      access,
    );
  const forbidden = ["in/state", "in/left", SECOND_NAME].map((it) =>
    join(base, it)
  );
  const isBelow = (folder: string, path: string) =>
    `${path}/`.startsWith(`${folder}/`);
  return {
    inputs: fc.tuple(
      texts(paths, PIECES),
      fc.boolean(),
      fc.constantFrom("read", "write"),
    ),
    async check([asked, isBare, access], stopwatch) {
      const full = isBare && asked.startsWith("/") ? asked : `${base}/${asked}`;
      const path = full.slice(0, MAX_PATH_BYTES);
      const led = walk(base, path);
      let judged: Judged;
      try {
        judged = await stopwatch.timeAsync(() => judge(path, access));
      } catch (error) {
        assert(isTold(error), String(error));
        // A way through what is outside is refused before it comes back, and a
        // slash behind a file asks for a folder.
        const isPlain = !hasParents(path) && !/\/\.?$/.test(path) &&
          led !== undefined &&
          isBelow(root, led) &&
          !forbidden.some((it) => isBelow(it, led)) && isThere(led);
        assert(!isPlain, `refused, and leads to ${led}: ${error}`);
        return;
      }
      assert(isBelow(root, judged.path), "in its root");
      assert(!forbidden.some((it) => isBelow(it, judged.path)), "not theirs");
      if (judged.info === undefined) {
        assert(!isThere(judged.path));
        return;
      }
      assertEquals(await Deno.realPath(judged.path), judged.path, "its own");
      if (led !== undefined) assertEquals(judged.path, led, "where it leads");
    },
    close: () => Deno.remove(base, { recursive: true }),
  };
});

/** Whether it is what the operations make an answer of. */
function isTold(error: unknown): boolean {
  return error instanceof HostOpFailure ||
    Object.values(Deno.errors).some((it) => error instanceof it) ||
    (error instanceof Error && "code" in error);
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}
