import { assert, assertEquals, assertMatch } from "@std/assert";
import { sha256Hex } from "../shared/digest.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { FakeClock } from "../shared/testing/fake_clock.ts";
import type { HostOps } from "./mod.ts";
import { syncFolder } from "./staging.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

async function write(ops: HostOps, input: Readonly<Record<string, unknown>>) {
  return await ops.writeTextFile({ content: "new", ...input }, CALLER);
}

function namesIn(path: string): string[] {
  return Array.from(Deno.readDirSync(path), (it) => it.name).sort();
}

Deno.test("writeTextFile() says whether there was a file before", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("file");
  const created = await write(ops, { path });
  assertEquals(created.ok && created.result.created, true);
  const replaced = await write(ops, { path, content: "" });
  assertEquals(replaced.ok && replaced.result.created, false);
  assertEquals(replaced.ok && replaced.result.bytesWritten, 0);
  assertEquals(await Deno.readTextFile(path), "");
  assertEquals(namesIn(dir.path), ["file"]);
});

Deno.test("writeTextFile() keeps the mode of the file that it replaces", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("script");
  for (const mode of [0o755, 0o600, 0o666, 0o640]) {
    await Deno.writeTextFile(path, "old");
    await Deno.chmod(path, mode);
    const outcome = await write(ops, { path });
    assertEquals(outcome.ok && outcome.result.atomic, true);
    assertEquals((await Deno.stat(path)).mode ?? 0, 0o100000 | mode);
  }
});

Deno.test("writeTextFile() follows links to their target and keeps them", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await Deno.mkdir(dir.join("real"));
  await Deno.writeTextFile(dir.join("real/target"), "old");
  await Deno.symlink("real/target", dir.join("link"));
  await Deno.symlink("real/later", dir.join("dangling"));
  await Deno.symlink("real", dir.join("folder"));
  for (
    const [path, target, created] of [
      ["link", "real/target", false],
      ["dangling", "real/later", true],
      ["folder/inside", "real/inside", true],
    ] as const
  ) {
    const outcome = await write(ops, { path, cwd: dir.path });
    assert(outcome.ok);
    assertEquals(outcome.result.created, created);
    assertEquals(outcome.result.absolutePath, dir.join(path));
    assertEquals(await Deno.readTextFile(dir.join(target)), "new");
  }
  assert((await Deno.lstat(dir.join("link"))).isSymlink);
  assert((await Deno.lstat(dir.join("dangling"))).isSymlink);
});

Deno.test("writeTextFile() drops set-id bits with the content that they were given to", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("program");
  for (const names of [1, 2]) {
    await Deno.writeTextFile(path, "old");
    if (names === 2) await Deno.link(path, dir.join("further"));
    await Deno.chmod(path, 0o6755);
    assert((await write(ops, { path })).ok);
    assertEquals((await Deno.stat(path)).mode ?? 0, 0o100755, `${names}`);
  }
});

Deno.test("writeTextFile() writes a file with several names in place, and says so", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await Deno.writeTextFile(dir.join("a"), "old and longer");
  await Deno.link(dir.join("a"), dir.join("b"));
  const outcome = await write(ops, { path: dir.join("a") });
  assert(outcome.ok);
  assertEquals(outcome.result.atomic, false);
  assertEquals(outcome.result.created, false);
  assertEquals(await Deno.readTextFile(dir.join("b")), "new");
  assertEquals((await Deno.stat(dir.join("a"))).nlink, 2);
});

Deno.test("writeTextFile() makes missing parents only when it may", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("a/b/c.txt");
  const refused = await write(ops, { path, create_parents: false });
  assert(!refused.ok);
  assertEquals(refused.error.code, "FILE_WRITE_FAILED");
  assertEquals(refused.error.details, { reason: "parent_not_found" });
  assertEquals(refused.input.createParents, false);
  assertEquals(namesIn(dir.path), []);
  assert((await write(ops, { path })).ok);

  const below = await write(ops, { path: `${path}/below` });
  assert(!below.ok);
  assertEquals(below.error.code, "FILE_WRITE_FAILED");
});

Deno.test("writeTextFile() refuses what is no file and never blocks on it", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).output();
  for (const path of [`${dir.path}/fifo`, dir.path, `${dir.path}/new/`]) {
    for (const overwrite of [true, false]) {
      const outcome = await write(ops, { path, overwrite });
      assert(!outcome.ok);
      assert(
        outcome.error.code === "NOT_A_FILE" ||
          (!overwrite && outcome.error.code === "FILE_ALREADY_EXISTS"),
        `${path}: ${outcome.error.code}`,
      );
    }
  }
  const device = await write(ops, { path: "/dev/null" });
  assertEquals(!device.ok && device.error.code, "NOT_A_FILE");
  assertEquals(namesIn(dir.path), ["fifo"]);
});

Deno.test("syncFolder() does not wait for a FIFO that took the folder's place", async () => {
  await using dir = await tempDir();
  const fifo = dir.join("fifo");
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  // lets go who waits, so that this fails and does not hang
  const rescue = new Deno.Command("/bin/bash", {
    args: ["-c", "read -t 10; echo $?; : <>$0", fifo],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  await syncFolder(fifo);
  await rescue.stdin.close();
  const { stdout } = await rescue.output();
  assertEquals(new TextDecoder().decode(stdout), "1\n");
});

Deno.test("writeTextFile() lets one of fifty win when overwrite is false", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await using others = testHostOps();
  const path = dir.join("file");
  const outcomes = await Promise.all(
    Array.from({ length: 50 }, (_, i) =>
      write(i % 2 === 0 ? ops : others, {
        path,
        content: `writer ${i}`,
        overwrite: false,
      })),
  );
  const winners = outcomes.filter((it) => it.ok);
  assertEquals(winners.length, 1);
  assertEquals(await Deno.readTextFile(path), winners[0]?.input.content);
  for (const outcome of outcomes) {
    if (!outcome.ok) assertEquals(outcome.error.code, "FILE_ALREADY_EXISTS");
  }
  assertEquals(namesIn(dir.path), ["file"]);
});

Deno.test("writeTextFile() tells exactly one of many writers that it created the file", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const outcomes = await Promise.all(
    Array.from(
      { length: 20 },
      (_, i) => write(ops, { path: dir.join("file"), content: `${i}` }),
    ),
  );
  assert(outcomes.every((it) => it.ok));
  assertEquals(outcomes.filter((it) => it.ok && it.result.created).length, 1);
});

Deno.test("writeTextFile() writes with ifMatch only what nobody has changed since", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("file");
  const missing = await write(ops, { path, ifMatch: "0".repeat(64) });
  assertEquals(!missing.ok && missing.error.code, "FILE_CHANGED");
  assertEquals(namesIn(dir.path), []);

  const first = await write(ops, { path, content: "first" });
  assert(first.ok);
  const sha256 = first.result.sha256 ?? "";
  const outcomes = await Promise.all(
    Array.from({ length: 10 }, (_, i) =>
      write(ops, {
        path,
        content: `agent ${i}`,
        if_match: i % 2 === 0 ? sha256 : sha256.toUpperCase(),
      })),
  );
  const winners = outcomes.filter((it) => it.ok);
  assertEquals(winners.length, 1);
  assertEquals(await Deno.readTextFile(path), winners[0]?.input.content);
  const loser = outcomes.find((it) => !it.ok);
  assert(loser !== undefined && !loser.ok);
  assertEquals(loser.error.code, "FILE_CHANGED");
  assertEquals(loser.error.retryable, false);
  assertEquals(loser.result, { absolutePath: path, encoding: "utf8" });
  assertEquals(namesIn(dir.path), ["file"]);
});

Deno.test("writeTextFile() writes base64 as the bytes that it stands for", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("file");
  const bytes = new Uint8Array([0, 255, 1, 254]);
  const outcome = await write(ops, {
    path,
    content: bytes.toBase64(),
    encoding: "base64",
  });
  assert(outcome.ok);
  assertEquals(outcome.result.bytesWritten, 4);
  assertEquals(await Deno.readFile(path), bytes);
  for (const content of ["***", "QUJD=", "A"]) {
    const wrong = await write(ops, { path, content, encoding: "base64" });
    assertEquals(!wrong.ok && wrong.error.code, "INVALID_INPUT", content);
  }
  assertEquals(await Deno.readFile(path), bytes);
});

Deno.test("writeTextFile() tidies what a crash has left, not what is being written", async () => {
  await using dir = await tempDir();
  const staging = dir.join("staging");
  const name = (i: number) =>
    `.baa-write-999-${crypto.randomUUID().slice(0, -1)}${i}.tmp`;
  const [dead, living, deadFile, placed] = [1, 2, 3, 4].map(name);
  for (const folder of [dead, living, "somebody's"]) {
    await Deno.mkdir(`${staging}/${folder}`, { recursive: true });
    await Deno.writeTextFile(`${staging}/${folder}/file`, "part of");
  }
  await Deno.writeTextFile(`${staging}/${deadFile}`, "part of");
  await Deno.writeTextFile(`${staging}/${placed}`, "all of");
  await Deno.link(`${staging}/${placed}`, dir.join("placed"));
  const anHourAgo = new Date(Date.now() - 3_600_000);
  for (const name of [dead, deadFile, "somebody's"]) {
    await Deno.utime(`${staging}/${name}`, anHourAgo, anHourAgo);
  }
  const clock = new FakeClock(Date.now());
  await using ops = testHostOps({ staging, clock });
  const placedAgain = await write(ops, { path: dir.join("placed") });
  assertEquals(placedAgain.ok && placedAgain.result.atomic, true);
  assertEquals(namesIn(staging), [living, "somebody's"].sort());
  await clock.advance(60_000);
  assert((await write(ops, { path: dir.join("file") })).ok);
  assertEquals(namesIn(staging), ["somebody's"]);
});

Deno.test("writeTextFile() gives back the memory that it took", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ maxBufferedBytes: 1_000 });
  const path = dir.join("file");
  const tooMuch = await write(ops, { path, content: "x".repeat(1_001) });
  assert(!tooMuch.ok);
  assertEquals(tooMuch.error.code, "FILE_WRITE_FAILED");
  assertEquals(tooMuch.error.retryable, true);
  for (let i = 0; i < 5; i++) {
    assert((await write(ops, { path, content: "x".repeat(900) })).ok);
    await write(ops, { path: dir.path });
  }
});

Deno.test("writeTextFile() repeats no more than 1 KiB of what it was given", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  for (
    const [content, encoding, bytes] of [
      ["é".repeat(512), "utf8", undefined],
      ["é".repeat(512) + "x", "utf8", 1025],
      ["x".repeat(100_000), "utf8", 100_000],
      [new Uint8Array(9_999).toBase64(), "base64", 9_999],
      ["*".repeat(1_025), "base64", 1_025],
    ] as const
  ) {
    for (const path of [dir.join("file"), dir.path]) {
      const { input } = await write(ops, { path, content, encoding });
      assertEquals(input.content, bytes === undefined ? content : undefined);
      assertEquals(input.contentBytes, bytes);
      assertEquals(
        input.contentSha256,
        bytes === undefined
          ? undefined
          : sha256Hex(bytes === 9_999 ? new Uint8Array(bytes) : content),
      );
    }
  }
});

Deno.test("file operations say in words of their own what went wrong", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await Deno.writeTextFile(dir.join("file"), "");
  await Deno.symlink("loop", dir.join("loop"));
  for (const name of ["file/below", "x".repeat(300), "loop"]) {
    const path = dir.join(name);
    for (
      const it of [
        await write(ops, { path }),
        await ops.readTextFile({ path }, CALLER),
      ]
    ) {
      assert(!it.ok);
      assertMatch(
        it.error.message,
        /^Cannot (read|write) .*: .* (folder|long|circle|directory)( \(E[A-Z]+\))?$/,
      );
      assert(!/os error|ENOENT:|run again|allow-/.test(it.error.message));
    }
  }
});
