import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { sha256Hex } from "../shared/digest.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";

/** Reads with the defaults, in a world of one file. */
async function read(
  bytes: Uint8Array | string,
  input: Readonly<Record<string, unknown>> = {},
) {
  await using dir = await tempDir();
  const path = dir.join("file");
  await Deno.writeFile(
    path,
    typeof bytes === "string" ? new TextEncoder().encode(bytes) : bytes,
  );
  await using ops = testHostOps();
  return await ops.readTextFile({ path, ...input }, CALLER);
}

Deno.test("readTextFile() returns text as it is, byte order mark and NUL included", async () => {
  const text = "\ufeffline\r\nā é 😀\0 end";
  const outcome = await read(text);
  assert(outcome.ok);
  assertEquals(outcome.result.content, text);
  assertEquals(outcome.result.eof, true);
  assertEquals(outcome.result.offset, 0);
});

Deno.test("readTextFile() gives the hash that others compute", async () => {
  const outcome = await read("abc");
  assertEquals(
    outcome.ok && outcome.result.sha256,
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
  const empty = await read("");
  assert(empty.ok);
  assertEquals(empty.result.content, "");
  assertEquals(empty.result.eof, true);
});

Deno.test("readTextFile() fails on bytes that are no UTF-8 and gives them as base64", async () => {
  const bytes = new Uint8Array([0x61, 0xff, 0x00, 0xc3]);
  const text = await read(bytes);
  assert(!text.ok);
  assertEquals(text.error.code, "FILE_READ_FAILED");
  assertEquals(text.error.details, { reason: "not_utf8" });
  const base64 = await read(bytes, { encoding: "base64" });
  assert(base64.ok);
  assertEquals(Uint8Array.fromBase64(`${base64.result.content}`), bytes);
  assertEquals(base64.result.encoding, "base64");
});

Deno.test("readTextFile() refuses a file larger than maxBytes, naming its size", async () => {
  const outcome = await read("123456", { maxBytes: 5 });
  assert(!outcome.ok);
  assertEquals(outcome.error.code, "FILE_TOO_LARGE");
  assertEquals(outcome.error.details, { sizeBytes: 6, maxBytes: 5 });
  assertStringIncludes(outcome.error.message, "6 bytes");
  assert((await read("12345", { max_bytes: 5 })).ok);
});

Deno.test("readTextFile() goes through a file in parts that are cut at characters", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  const path = dir.join("file");
  const text = "aé😀ß".repeat(200);
  await Deno.writeTextFile(path, text);
  for (const maxBytes of [4, 5, 6, 7, 1000, 2000]) {
    let content = "";
    let offset = 0;
    let eof = false;
    while (!eof) {
      const outcome = await ops.readTextFile(
        { path, offset, maxBytes },
        CALLER,
      );
      assert(outcome.ok);
      const { bytesRead } = outcome.result;
      assert(bytesRead > 0 && bytesRead <= maxBytes);
      assertEquals(outcome.result.sizeBytes, 1800);
      content += outcome.result.content;
      offset += bytesRead;
      eof = outcome.result.eof;
    }
    assertEquals(content, text);
  }
});

Deno.test("readTextFile() begins at the next character when the offset is within one", async () => {
  const outcome = await read("a😀b", { offset: 2 });
  assert(outcome.ok);
  assertEquals(outcome.result.content, "b");
  assertEquals(outcome.result.offset, 5);
});

Deno.test("readTextFile() says so when maxBytes is less than a character", async () => {
  const outcome = await read("😀😀", { offset: 0, maxBytes: 2 });
  assert(!outcome.ok);
  assertEquals(outcome.error.code, "FILE_READ_FAILED");
});

Deno.test("readTextFile() returns nothing from beyond the end", async () => {
  const outcome = await read("abc", { offset: 10 });
  assert(outcome.ok);
  assertEquals(outcome.result.content, "");
  assertEquals(outcome.result.eof, true);
  assertEquals(outcome.result.bytesRead, 0);
});

Deno.test({
  name: "readTextFile() reads files that claim to be empty and are not",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using ops = testHostOps();
    const outcome = await ops.readTextFile({ path: "/proc/version" }, CALLER);
    assert(outcome.ok);
    assertStringIncludes(`${outcome.result.content}`, "Linux");
  },
});

Deno.test("readTextFile() says FILE_NOT_FOUND and where it looked", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await Deno.symlink(dir.join("nothing"), dir.join("dangling"));
  await Deno.writeTextFile(dir.join("file"), "");
  for (const path of ["gone", "dangling", "no/such/folder"]) {
    const outcome = await ops.readTextFile({ path, cwd: dir.path }, CALLER);
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "FILE_NOT_FOUND");
    assertEquals(outcome.result, {
      absolutePath: dir.join(path),
      encoding: "utf8",
    });
  }
});

Deno.test("readTextFile() never blocks on what is no file", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await new Deno.Command("mkfifo", { args: [dir.join("fifo")] }).output();
  await Deno.symlink(dir.join("fifo"), dir.join("link-to-fifo"));
  using _ = Deno.listen({ transport: "unix", path: dir.join("socket") });
  await Deno.writeTextFile(dir.join("file"), "");
  const paths = ["fifo", "link-to-fifo", "socket", ".", "file/", "file/."]
    .map((it) => `${dir.path}/${it}`);
  for (const path of [...paths, "/dev/zero", "/dev/tty", "/dev/null"]) {
    const outcome = await ops.readTextFile({ path }, CALLER);
    assert(!outcome.ok, path);
    assertEquals(outcome.error.code, "NOT_A_FILE", path);
  }
});

Deno.test("readTextFile() says why a path leads nowhere", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps();
  await Deno.symlink(dir.join("loop"), dir.join("loop"));
  await Deno.writeTextFile(dir.join("file"), "");
  for (const path of ["loop", "file/below", "x".repeat(300)]) {
    const outcome = await ops.readTextFile({ path, cwd: dir.path }, CALLER);
    assert(!outcome.ok);
    assertEquals(outcome.error.code, "FILE_READ_FAILED");
  }
});

Deno.test("readTextFile() holds no more memory than all operations together may", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ maxBufferedBytes: 10_000 });
  const path = dir.join("file");
  await Deno.writeTextFile(path, "x".repeat(20_000));
  const outcome = await ops.readTextFile({ path }, CALLER);
  assert(!outcome.ok);
  assertEquals(outcome.error.code, "FILE_READ_FAILED");
  assertEquals(outcome.error.retryable, true);
  for (let i = 0; i < 10; i++) {
    const part = await ops.readTextFile(
      { path, offset: 0, maxBytes: 6_000 },
      CALLER,
    );
    assert(part.ok);
  }
});

Deno.test("readTextFile() reads lines, counted from 1, both ends included", async () => {
  const text = "eins\r\nzwei\n\nvier é\nfünf, open";
  for (
    const [lines, content, eof] of [
      ["1", "eins\r\n", false],
      ["2-3", "zwei\n\n", false],
      ["4-", "vier é\nfünf, open", true],
      ["5-5", "fünf, open", true],
      ["1-99", text, true],
      ["1-", text, true],
      ["6-7", "", true],
      ["999999999999999-", "", true],
    ] as const
  ) {
    const outcome = await read(text, { lines });
    assert(outcome.ok, lines);
    const { result } = outcome;
    assertEquals([result.content, result.eof], [content, eof], lines);
    const before = content === "" ? text : text.slice(0, text.indexOf(content));
    assertEquals(result.offset, new TextEncoder().encode(before).length, lines);
    assertEquals(result.sizeBytes, 31);
    assertEquals(result.truncated, undefined);
    assertEquals(result.sha256, sha256Hex(text));
  }
});

Deno.test("readTextFile() refuses what are no lines, and lines beside an offset", async () => {
  for (const lines of ["0-5", "4-2", "-3", "1-2-3", "a", "", "1 - 2", 7]) {
    const outcome = await read("x", { lines });
    assertEquals(!outcome.ok && outcome.error.code, "INVALID_INPUT");
  }
  const both = await read("x", { lines: "1-2", offset: 0 });
  assert(!both.ok);
  assertEquals(both.error.code, "INVALID_INPUT");
  assertStringIncludes(both.error.message, "files/read.lines");
});

Deno.test("readTextFile() cuts long lines at maxBytes, and says so", async () => {
  const outcome = await read(`a\n${"é".repeat(300_000)}\nz`, {
    lines: "2-3",
    maxBytes: 200_001,
  });
  assert(outcome.ok);
  const { content, bytesRead, eof, offset, truncated } = outcome.result;
  assertEquals(content, "é".repeat(100_000));
  assertEquals([offset, bytesRead, eof, truncated], [2, 200_000, false, true]);
});

Deno.test("readTextFile() counts a negative offset from the end", async () => {
  for (
    const [offset, content, at] of [
      [-3, "d\n\n", 7],
      [-5, "cd\n\n", 6],
      [-1000, "aß\nécd\n\n", 0],
    ] as const
  ) {
    const outcome = await read("aß\nécd\n\n", { offset });
    assert(outcome.ok);
    const { result } = outcome;
    assertEquals([result.content, result.offset], [content, at]);
    assertEquals(result.eof, true);
    assertEquals(outcome.input.offset, offset);
    assertEquals(result.sha256, sha256Hex("aß\nécd\n\n"));
  }
});

Deno.test("readTextFile() gives with a part the hash of the whole, up to 64 MiB", async () => {
  await using dir = await tempDir();
  await using ops = testHostOps({ maxBufferedBytes: 1_000_000 });
  const path = dir.join("file");
  const part = async (input: Readonly<Record<string, unknown>>) => {
    const outcome = await ops.readTextFile({ path, ...input }, CALLER);
    assert(outcome.ok, JSON.stringify(outcome));
    return outcome.result;
  };
  await Deno.writeTextFile(path, "first\n");
  await Deno.truncate(path, 67_108_864);
  const whole = sha256Hex(await Deno.readFile(path));
  for (
    const it of [
      { offset: 3, maxBytes: 10 },
      { offset: -10 },
      { lines: "1", maxBytes: 10 },
    ]
  ) {
    assertEquals((await part(it)).sha256, whole);
  }
  await Deno.truncate(path, 67_108_865);
  assertEquals((await part({ offset: 3, maxBytes: 10 })).sha256, null);
  assertEquals((await part({ lines: "1" })).content, "first\n");
});
