import { assert, assertEquals } from "@std/assert";
import { join } from "@std/path";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

Deno.test("of 50 writers that must not overwrite exactly one wins", async () => {
  await using conductor = await startDaemon("conductor");
  const url = `${conductor.origin}/v1/files/write`;
  for (let round = 0; round < 3; round++) {
    const path = join(conductor.folder, `race-${round}.txt`);
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, writer) =>
        call(url, {
          path,
          content: `${writer}`.repeat(10_000),
          overwrite: false,
        })),
    );
    const winners = answers.flatMap(({ data }, writer) =>
      data.ok ? [writer] : []
    );
    assertEquals(winners.length, 1);
    for (const { data } of answers) {
      if (!data.ok) assertEquals(data.error.code, "FILE_ALREADY_EXISTS");
    }
    assertEquals(
      await Deno.readTextFile(path),
      `${winners[0]}`.repeat(10_000),
    );
  }
});

Deno.test("file roots bind by real path, and the daemon's own files are refused", async () => {
  const base = await Deno.realPath(await Deno.makeTempDir());
  try {
    const inside = join(base, "inside");
    const outside = join(base, "outside");
    await Deno.mkdir(inside);
    await Deno.mkdir(outside);
    await Deno.writeTextFile(join(outside, "secret.txt"), "secret");
    await Deno.symlink(outside, join(inside, "link"));
    await using conductor = await startDaemon("conductor", {
      BAA_HOST_OPS_READ_ROOTS: inside,
      BAA_HOST_OPS_WRITE_ROOTS: inside,
    });
    const read = (path: string) =>
      call(`${conductor.origin}/v1/files/read`, { path });
    const write = (path: string) =>
      call(`${conductor.origin}/v1/files/write`, {
        path,
        content: "x",
      });
    const good = await write(join(inside, "deep/er/file.txt"));
    assertEquals(good.data.ok, true, JSON.stringify(good.data));
    assertEquals(
      (await read(join(inside, "deep/er/file.txt"))).data.result.content,
      "x",
    );
    const refused = [
      join(outside, "secret.txt"),
      join(inside, "link", "secret.txt"),
      join(inside, "..", "outside", "secret.txt"),
      "/etc/hosts",
      join(conductor.folder, "state", "conductor", "conductor.db"),
    ];
    for (const path of refused) {
      for (const { status, data } of [await read(path), await write(path)]) {
        assertEquals(status, 200);
        assertEquals(data.error?.code, "PERMISSION_DENIED", path);
      }
    }
    // The roots bind the file operations, not what a command does.
    const exec = await call(`${conductor.origin}/v1/exec`, {
      command: `cat ${join(outside, "secret.txt")}`,
      cwd: "/",
    });
    assertEquals(exec.data.result?.stdout, "secret", JSON.stringify(exec.data));
  } finally {
    await Deno.remove(base, { recursive: true });
  }
});

Deno.test("without roots everything may be read, but not the daemon's own files", async () => {
  await using conductor = await startDaemon("conductor");
  const read = (path: string) =>
    call(`${conductor.origin}/v1/files/read`, { path });
  assertEquals((await read("/etc/hosts")).data.ok, true);
  const logs = join(conductor.folder, "logs", "conductor");
  await Deno.symlink(logs, join(conductor.folder, "innocent"));
  for await (const { name } of Deno.readDir(logs)) {
    for (const folder of [logs, join(conductor.folder, "innocent")]) {
      const { data } = await read(join(folder, name));
      assertEquals(data.error?.code, "PERMISSION_DENIED");
      assert(data.result.absolutePath.length > 0);
    }
  }
});
