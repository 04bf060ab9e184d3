import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { basename } from "@std/path";
import { tempDir } from "../shared/testing/fakes.ts";
import { startFailure } from "./failure.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

Deno.test("startFailure() names the cwd when the system refuses to enter it", async () => {
  const refused = Object.assign(
    new Deno.errors.PermissionDenied("Failed to spawn '/bin/sh'"),
    { code: "EACCES" },
  );
  const { error } = await startFailure(refused, "/");
  assertEquals(error.code, "PERMISSION_DENIED");
  assertEquals(
    error.message,
    "Cannot start the command in cwd /: it may not be entered, or the shell may not be run",
  );
  assertEquals(error.details, {
    reason: "system",
    systemCode: "EACCES",
    cwd: "/",
  });
});

Deno.test("startFailure() says what the system says of a cwd", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("file"), "");
  const thrown = Object.assign(new Deno.errors.NotFound(), { code: "ENOENT" });
  for (
    const [name, systemCode] of [
      ["file", "ENOTDIR"],
      ["file/x", "ENOTDIR"],
      ["gone", "ENOENT"],
    ] as const
  ) {
    const { error } = await startFailure(thrown, dir.join(name));
    assertEquals(error.details?.systemCode, systemCode, name);
  }
});

Deno.test({
  name: "devices are no files, and files of the system say why they are closed",
  ignore: Deno.build.os !== "linux",
  async fn() {
    await using dir = await tempDir();
    await Deno.symlink("/dev/full", dir.join("link"));
    await using daemon = await TestDaemon.start([
      "--allow-run=/bin/sh",
      "--allow-read",
      "--allow-write",
    ], { staging: dir.join("staging") });
    const edits = [{ old: "a", new: "b" }];
    for (
      const [path, code, reason] of [
        ["/dev/full", "NOT_A_FILE", "device"],
        ["/dev/stdin", "NOT_A_FILE", "device"],
        [dir.join("link"), "NOT_A_FILE", "device"],
        ["/dev/null", "NOT_A_FILE", undefined],
        ["/proc/cpuinfo", "PERMISSION_DENIED", "system_files"],
        ["/sys/kernel/x", "PERMISSION_DENIED", "system_files"],
        ["/dev/shm/x", "PERMISSION_DENIED", "system_files"],
      ] as const
    ) {
      for (
        const request of [
          { operation: "files/read", input: { path } },
          { operation: "files/write", input: { path, content: "x" } },
          {
            operation: "files/write",
            input: { path, content: "x", append: true },
          },
          { operation: "files/edit", input: { path, edits } },
        ] as const
      ) {
        const outcome = await daemon.do(request);
        assert(!outcome.ok);
        const { error } = outcome;
        assertEquals([error.code, error.details?.reason], [code, reason], path);
        if (reason !== "system_files") continue;
        assertStringIncludes(error.message, "POST /v1/exec can read them");
      }
    }
  },
});

Deno.test("what is outside of the roots is refused for one reason, by whatever way", async () => {
  await using dir = await tempDir();
  await using outside = await tempDir();
  const inside = await Deno.realPath(dir.path);
  const out = await Deno.realPath(outside.path);
  await Deno.writeTextFile(outside.join("secret"), "secret");
  await Deno.symlink(out, dir.join("link"));
  await Deno.symlink(`${out}/new`, dir.join("dangling"));
  await using daemon = await TestDaemon.start([
    "--allow-run=/bin/sh",
    `--allow-read=${inside}`,
    `--allow-write=${inside}`,
  ], {
    readRoots: [inside],
    writeRoots: [inside],
    staging: `${inside}/staging`,
  });
  for (
    const path of [
      `${out}/secret`,
      `${inside}/../${basename(out)}/secret`,
      `${out}/../x`,
      `${inside}/link/secret`,
      `${inside}/link/new/deep`,
      `${inside}/dangling`,
      "/proc/cpuinfo",
    ]
  ) {
    for (
      const request of [
        { operation: "files/read", input: { path } },
        { operation: "files/write", input: { path, content: "x" } },
      ] as const
    ) {
      const outcome = await daemon.do(request);
      assert(!outcome.ok);
      const { code, details } = outcome.error;
      assertEquals([code, details], ["PERMISSION_DENIED", {
        reason: "outside_roots",
        roots: [inside],
      }], `${request.operation} ${path}`);
    }
  }
});
