import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ByteBudget } from "../shared/byte_budget.ts";
import { systemClock } from "../shared/clock.ts";
import { sha256Hex } from "../shared/digest.ts";
import { RecordingAudit, tempDir } from "../shared/testing/fakes.ts";
import { editFile } from "./edit_file.ts";
import { FileGuard } from "./file_guard.ts";
import { FileLocks } from "./file_locks.ts";
import { FolderShells } from "./folder_shells.ts";
import type { HostOps } from "./mod.ts";
import { PathPolicy } from "./policy.ts";
import { Staging } from "./staging.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

interface WantedEdit {
  readonly old: string;
  readonly new: string;
  readonly all?: boolean;
}

/** Edits a file of that content; returns what came of it, and what is there then. */
async function edit(
  content: string,
  edits: readonly WantedEdit[],
  input: Readonly<Record<string, unknown>> = {},
) {
  await using dir = await tempDir();
  await using ops = testHostOps({ staging: dir.join("staging") });
  const path = dir.join("file");
  await Deno.writeTextFile(path, content);
  const outcome = await ops.editTextFile({ path, edits, ...input }, CALLER);
  const bytes = await Deno.readFile(path);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  return { outcome, text, path };
}

async function append(ops: HostOps, path: string, line: string) {
  return await ops.editTextFile(
    { path, edits: [{ old: "<end>", new: `${line}\n<end>` }] },
    CALLER,
  );
}

Deno.test("editTextFile() changes what it is told to, and not a byte beside it", async () => {
  const content = "\ufeffone\r\ntwo\n\tthree \r\nno newline at the end";
  const { outcome, text, path } = await edit(content, [
    { old: "two", new: "2\r\n2½" },
    { old: "2½\n\tthree ", new: "drei" },
  ]);
  assert(outcome.ok, JSON.stringify(outcome));
  assertEquals(text, "\ufeffone\r\n2\r\ndrei\r\nno newline at the end");
  assertEquals(outcome.result, {
    absolutePath: path,
    sha256Before: sha256Hex(content),
    sha256: sha256Hex(text),
    replacements: 2,
    bytesWritten: new TextEncoder().encode(text).length,
    atomic: true,
    diff: [
      `--- ${path}`,
      `+++ ${path}`,
      "@@ -1,4 +1,4 @@",
      " \ufeffone\r",
      "-two",
      "-\tthree \r",
      "+2\r",
      "+drei\r",
      " no newline at the end",
      "\\ No newline at end of file",
      "",
    ].join("\n"),
    diffTruncated: false,
  });
});

Deno.test("editTextFile() replaces every place where all is meant, in the result of the edits before", async () => {
  const { outcome, text } = await edit("a b a aa", [
    { old: "a", new: "aa", all: true },
    { old: "aa aaaa", new: "", all: true },
    { old: "aa b ", new: "" },
  ]);
  assert(outcome.ok, JSON.stringify(outcome));
  assertEquals([text, outcome.result.replacements], ["", 6]);
  assertEquals(outcome.result.sha256, sha256Hex(""));
});

Deno.test("editTextFile() writes nothing when one edit cannot be made, and says why", async () => {
  const content = "a\n  if (x)  {\n\ty();\r\n}\naaa\n";
  for (
    const [old, all, details, words] of [
      ["b", false, { count: 0, lines: [] }, "is not there"],
      ["b", true, { count: 0, lines: [] }, "is not there"],
      ["a", false, { count: 4, lines: [1, 5, 5, 5] }, "4 times, at lines 1, 5"],
      ["aa", false, { count: 2, lines: [5, 5] }, "2 times"],
      [
        "if (x) {\n  y();",
        false,
        { count: 0, near: { differs: "white space", line: 2 } },
        "but for its white space it is at line 2",
      ],
      [
        "y();\n}",
        false,
        { count: 0, near: { differs: "line endings", line: 3 } },
        "but for its line endings it is at line 3",
      ],
      ["\n\n", false, { count: 0, lines: [] }, "is not there"],
    ] as const
  ) {
    const { outcome, text } = await edit(content, [
      { old: "(x)", new: "(z)" },
      { old: old.replace("(x)", "(z)"), new: "planted", all },
    ]);
    assert(!outcome.ok, old);
    assertEquals(outcome.error.code, "EDIT_MISMATCH");
    assertEquals(outcome.error.details, { edit: 1, ...details });
    assertStringIncludes(
      outcome.error.message,
      `edits.1.old ${words}`.slice(0, 12),
    );
    assertStringIncludes(outcome.error.message, words);
    assert(outcome.hint !== undefined);
    assertEquals(text, content);
  }
});

Deno.test("editTextFile() says how many places overlap, which all takes fewer of", async () => {
  const edits = [{ old: "aa", new: "b" }];
  const { outcome } = await edit("aaaa", edits);
  assert(!outcome.ok);
  assertStringIncludes(
    outcome.error.message,
    "is there 3 times (2 that do not overlap), at lines 1, 1, 1",
  );
  assertStringIncludes(outcome.hint ?? "", "all=true for the 2 found");
  const { text } = await edit("aaaa", [{ old: "aa", new: "b", all: true }]);
  assertEquals(text, "bb");
});

Deno.test("editTextFile() says how else to change what is no text", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ staging: dir.join("staging") });
  const path = dir.join("latin");
  await Deno.writeFile(path, new Uint8Array([0x6f, 0xe9]));
  const edits = [{ old: "o", new: "a" }];
  const outcome = await ops.editTextFile({ path, edits }, CALLER);
  assert(!outcome.ok);
  assertEquals(
    outcome.error.message,
    `Cannot edit ${path}: it is not valid UTF-8, and edits are made in text`,
  );
  assertStringIncludes(outcome.hint ?? "", '{"encoding":"base64"}');
});

Deno.test("editTextFile() refuses what are no edits, and repeats no texts", async () => {
  for (
    const edits of [
      [],
      [{ old: "", new: "x" }],
      [{ old: "planted" }],
      [{ old: "planted", new: "x", nwe: 1 }],
      ["planted"],
      "planted",
      Array.from({ length: 1_001 }, () => ({ old: "planted", new: "" })),
      [{ old: "\ud800", new: "planted" }],
    ]
  ) {
    const { outcome } = await edit("x", edits as WantedEdit[]);
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "INVALID_INPUT");
    assertEquals(outcome.input.edits, []);
    assert(!JSON.stringify(outcome).includes("planted"));
  }
  const { outcome } = await edit("x", [{ old: "plänted", new: "" }]);
  assertEquals(outcome.input.edits, [{ oldBytes: 8, newBytes: 0, all: false }]);
  assert(!JSON.stringify(outcome).includes("plänted"));
});

Deno.test("editTextFile() answers what would come of it and writes nothing in a dry run", async () => {
  const { outcome, text } = await edit("old\n", [{ old: "old", new: "new" }], {
    dry_run: true,
  });
  assert(outcome.ok);
  assertEquals(text, "old\n");
  assertEquals(outcome.result.sha256, sha256Hex("new\n"));
  assertEquals(outcome.result.bytesWritten, 0);
  assertStringIncludes(outcome.result.diff, "\n-old\n+new\n");
});

Deno.test("editTextFile() edits with ifMatch only what nobody has changed since", async () => {
  const edits = [{ old: "old", new: "new" }];
  const wrong = await edit("old", edits, { if_match: "0".repeat(64) });
  assert(!wrong.outcome.ok);
  assertEquals(wrong.outcome.error.code, "FILE_CHANGED");
  assertEquals(wrong.outcome.error.details?.sha256, sha256Hex("old"));
  assertEquals(wrong.text, "old");
  const right = await edit("old", edits, {
    ifMatch: sha256Hex("old").toUpperCase(),
  });
  assertEquals([right.outcome.ok, right.text], [true, "new"]);
});

Deno.test("editTextFile() loses none of 50 edits at once, by whichever name", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ staging: dir.join("staging") });
  for (const names of [1, 2]) {
    const paths = Array.from(
      { length: names },
      (_, i) => dir.join(`${names}${i}`),
    );
    await Deno.writeTextFile(paths[0] ?? "", "<end>");
    for (const further of paths.slice(1)) {
      await Deno.link(paths[0] ?? "", further);
    }
    await Deno.symlink(paths[0] ?? "", dir.join(`link${names}`));
    paths.push(dir.join(`link${names}`));
    const outcomes = await Promise.all(
      Array.from(
        { length: 50 },
        (_, i) => append(ops, paths[i % paths.length] ?? "", `line ${i}`),
      ),
    );
    for (const it of outcomes) {
      assert(it.ok, JSON.stringify(it));
      assertEquals(it.result.atomic, names === 1);
    }
    const text = await Deno.readTextFile(paths[0] ?? "");
    assertEquals(
      text.split("\n").sort(),
      ["<end>", ...Array.from({ length: 50 }, (_, i) => `line ${i}`)].sort(),
    );
  }
});

Deno.test("editTextFile() lets one of 50 win who name the same version, in each round", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ staging: dir.join("staging") });
  const path = dir.join("file");
  await Deno.writeTextFile(path, "0");
  for (let round = 0; round < 3; round++) {
    const before = await Deno.readTextFile(path);
    const outcomes = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        ops.editTextFile({
          path,
          edits: [{ old: before, new: `round ${round} by ${i}` }],
          ifMatch: sha256Hex(before),
        }, CALLER)),
    );
    const winners = outcomes.flatMap((it, i) => it.ok ? [i] : []);
    assertEquals(winners.length, 1);
    assertEquals(
      await Deno.readTextFile(path),
      `round ${round} by ${winners[0]}`,
    );
    for (const it of outcomes) {
      if (!it.ok) assertEquals(it.error.code, "FILE_CHANGED");
    }
  }
});

/** Stands in for another program: writes to a file when it is about to be replaced. */
class Meddling extends Staging {
  readonly #meddle: () => void;
  #times: number;

  constructor(folder: string, meddle: () => void, times: number) {
    super(folder, systemClock);
    this.#meddle = meddle;
    this.#times = times;
  }

  override place(name: string) {
    if (this.#times-- > 0) this.#meddle();
    return super.place(name);
  }
}

Deno.test("editFile() sees what other programs write until the moment of replacing", async () => {
  await using dir = await tempDir();
  await using shells = new AsyncDisposableStack();
  const own = new FolderShells({ shell: "/bin/sh" });
  shells.defer(() => own.close());
  const policy = new PathPolicy({ ownPaths: [] });
  const path = dir.join("file");
  for (
    const [meddle, times, ifMatch, code] of [
      ["append", 1, undefined, undefined],
      ["replace", 2, undefined, undefined],
      ["append", 1, sha256Hex("old"), "FILE_CHANGED"],
      ["replace", 1, sha256Hex("old"), "FILE_CHANGED"],
      ["append", 99, undefined, "FILE_CHANGED"],
    ] as const
  ) {
    await Deno.writeTextFile(path, "old");
    const staging = new Meddling(dir.join("staging"), () => {
      const text = `${Deno.readTextFileSync(path)}+`;
      if (meddle === "replace") Deno.removeSync(path);
      Deno.writeTextFileSync(path, text);
    }, times);
    const done = await editFile({
      path,
      cwd: "/",
      absolutePath: path,
      edits: [{ old: "old", new: "new", all: false }],
      dryRun: false,
      ...(ifMatch !== undefined && { ifMatch }),
    }, {
      guard: new FileGuard({ policy, shells: own }),
      staging,
      budget: new ByteBudget(1_000_000),
      locks: new FileLocks(),
      clock: systemClock,
      signal: CALLER.signal,
    }).catch((error) => error.error.code);
    const text = await Deno.readTextFile(path);
    if (code === undefined) {
      assertEquals(text, `new${"+".repeat(times)}`);
      assertEquals(done.sha256, sha256Hex(text));
    } else {
      assertEquals(done, code);
      assert(text.startsWith("old+"));
    }
  }
});

Deno.test("editTextFile() refuses what files/write does, and what it cannot read", async () => {
  await using dir = await tempDir();
  const inside = dir.join("inside");
  await Deno.mkdir(inside);
  await Deno.writeTextFile(dir.join("outside"), "old");
  await Deno.writeTextFile(`${inside}/file`, "old");
  await Deno.writeFile(`${inside}/latin`, new Uint8Array([0x6f, 0xe9]));
  await Deno.writeTextFile(`${inside}/big`, "old");
  await Deno.truncate(`${inside}/big`, 2_147_483_648);
  await Deno.symlink(dir.join("outside"), `${inside}/link`);
  await new Deno.Command("mkfifo", { args: [`${inside}/fifo`] }).output();
  await using ops = testHostOps({
    staging: dir.join("staging"),
    writeRoots: [inside, "/dev"],
  });
  await using unreadable = testHostOps({
    staging: dir.join("staging"),
    readRoots: [dir.join("elsewhere")],
    maxBufferedBytes: 8,
  });
  for (
    const [it, name, code] of [
      [ops, "gone", "FILE_NOT_FOUND"],
      [ops, "gone/file", "FILE_NOT_FOUND"],
      [ops, "fifo", "NOT_A_FILE"],
      [ops, ".", "NOT_A_FILE"],
      [ops, "file/", "NOT_A_FILE"],
      [ops, "file/.", "NOT_A_FILE"],
      [ops, "/dev/zero", "NOT_A_FILE"],
      [ops, "link", "PERMISSION_DENIED"],
      [ops, "../outside", "PERMISSION_DENIED"],
      [ops, "/proc/self/environ", "PERMISSION_DENIED"],
      [ops, "latin", "FILE_READ_FAILED"],
      [ops, "big", "FILE_TOO_LARGE"],
      [unreadable, "../outside", "FILE_WRITE_FAILED"],
      [unreadable, "fifo", "PERMISSION_DENIED"],
    ] as const
  ) {
    const outcome = await it.editTextFile({
      path: name,
      cwd: inside,
      edits: [{ old: "old", new: "new" }],
    }, CALLER);
    assert(!outcome.ok, name);
    assertEquals(outcome.error.code, code, JSON.stringify(outcome));
    assert(outcome.result?.absolutePath.startsWith("/"));
  }
  assertEquals(await Deno.readTextFile(dir.join("outside")), "old");
});

Deno.test("editTextFile() shows nothing of a file that may be written to only", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({
    staging: dir.join("staging"),
    readRoots: [dir.join("elsewhere")],
    writeRoots: [dir.path],
  });
  await Deno.writeTextFile(dir.join("file"), "secret");
  for (const old of ["secret", "guess"]) {
    const outcome = await ops.editTextFile(
      { path: dir.join("file"), edits: [{ old, new: "" }], dryRun: true },
      CALLER,
    );
    assertEquals(!outcome.ok && outcome.error.code, "PERMISSION_DENIED");
  }
});

Deno.test("editTextFile() makes no file of more than 10 MiB", async () => {
  const most = 10_485_760;
  for (
    const [size, by, isOk] of [
      [most, "y", true],
      [most, "yy", false],
      [most + 1, "y", false],
    ] as const
  ) {
    const { outcome, text } = await edit(
      `x${" ".repeat(size - 1)}`,
      [{ old: "x", new: by }],
    );
    assertEquals(outcome.ok, isOk);
    if (!outcome.ok) assertEquals(outcome.error.code, "FILE_TOO_LARGE");
    assertEquals(text.length, size);
  }
  const { outcome } = await edit("x".repeat(most), [
    { old: "x", new: "é", all: true },
  ]);
  assertEquals(!outcome.ok && outcome.error.code, "FILE_TOO_LARGE");
});

Deno.test("editTextFile() is audited with sizes and hashes", async () => {
  await using dir = await tempDir();
  const audit = new RecordingAudit();
  await using ops = testHostOps({ audit, staging: dir.join("staging") });
  const path = dir.join("file");
  await Deno.writeTextFile(path, "planted");
  const edits = [{ old: "planted", new: "planted again" }];
  assert((await ops.editTextFile({ path, edits }, CALLER)).ok);
  assert(!(await ops.editTextFile({ path, edits: [] }, CALLER)).ok);
  const [row, refused] = audit.rows;
  assertEquals(row?.intent.target, { operation: "files/edit", path });
  assertEquals(row?.outcome?.facts, {
    replacements: 1,
    bytesWritten: 13,
    atomic: true,
    sha256Before: sha256Hex("planted"),
    sha256: sha256Hex("planted again"),
  });
  assertEquals(refused?.outcome, { ok: false, code: "INVALID_INPUT" });
  assert(!JSON.stringify(audit.rows).includes("planted"));
});
