import { tempDir } from "../../shared/testing/fakes.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { durableRows } from "./durable_rows.ts";
import {
  type BenchRow,
  interleave,
  middles,
  ms,
  post,
  ratioRow,
} from "./harness.ts";

const ROUNDS = 40;
const SMALL_BYTES = 4_096;
const LARGE_BYTES = 1_048_576;
const LINE = "  return lines.map((it) => it.trim());\n";
/** What is edited in the middle of the large file, to and fro. */
const WORDS = ["<here and now>", "<now and here>"] as const;

/**
 * Files written and edited, against the same by hand: a new file that is synced
 * and takes the old one's name, between two durable rows. What is replaced keeps
 * its attributes, and what is within roots its folder: a shell sees to that.
 */
export async function filesBench(): Promise<readonly BenchRow[]> {
  await using folder = await tempDir();
  await using open = await startDaemon("conductor");
  await using rooted = await startDaemon("conductor", {
    BAA_HOST_OPS_READ_ROOTS: folder.path,
    BAA_HOST_OPS_WRITE_ROOTS: folder.path,
  });
  using rows = durableRows(folder.join("rows.db"));
  const content = "x".repeat(SMALL_BYTES);
  const side = LINE.repeat(Math.ceil(LARGE_BYTES / 2 / LINE.length));
  for (const it of ["large", "hand-large"]) {
    await Deno.writeTextFile(folder.join(it), side + WORDS[0] + side);
  }
  let made = 0;
  const write = ({ origin }: RunningDaemon, name?: string) =>
    post(`${origin}/v1/files/write`, {
      path: folder.join(name ?? `new-${made++}`),
      content,
      overwrite: name !== undefined,
    });
  const byHand = async (name: string, contents: () => Promise<string>) => {
    rows.insert();
    await replace(folder.join(name), await contents());
    rows.insert();
  };
  let round = 0;
  const p50 = middles(
    await interleave({
      created: () => write(open),
      inRoots: () => write(rooted),
      replaced: () => write(open, "old"),
      byHand: () => byHand("by-hand", () => Promise.resolve(content)),
      edit: () => {
        const [old, its] = turned(round);
        return post(`${open.origin}/v1/files/edit`, {
          path: folder.join("large"),
          edits: [{ old, new: its }],
        });
      },
      editByHand: () =>
        byHand("hand-large", async () => {
          const text = await Deno.readTextFile(folder.join("hand-large"));
          return text.replace(...turned(round++));
        }),
    }, ROUNDS),
  );
  const row = (
    name: string,
    [ours, floor]: readonly [number, number],
    limit: { readonly most: number; readonly plusMs?: number },
  ) =>
    ratioRow({
      name: `${name}, p50`,
      ours,
      floor: [floor, "by hand with two durable rows"],
      show: ms,
      ...limit,
    });
  const { byHand: byHandMs } = p50;
  return [
    row("files/write of a new 4 KB", [p50.created, byHandMs], WRITE),
    row(
      "files/write of a new 4 KB within roots",
      [p50.inRoots, byHandMs],
      WITH_SHELL,
    ),
    row(
      "files/write of 4 KB over an old file",
      [p50.replaced, byHandMs],
      WITH_SHELL,
    ),
    row("files/edit in 1 MB", [p50.edit, p50.editByHand], { most: 2 }),
  ];
}

const WRITE = { most: 1.5 };
const WITH_SHELL = { ...WRITE, plusMs: 8 };

function turned(round: number): readonly [string, string] {
  const [one, other] = WORDS;
  return round % 2 === 0 ? [one, other] : [other, one];
}

/** Puts a file in another's place, as durable as a database's row. */
async function replace(path: string, text: string): Promise<void> {
  const part = `${path}.part`;
  {
    using file = await Deno.open(part, { write: true, create: true });
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) {
      at += await file.write(bytes.subarray(at));
    }
    await file.sync();
  }
  await Deno.rename(part, path);
}
