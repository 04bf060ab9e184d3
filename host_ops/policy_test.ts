import { assert, assertEquals } from "@std/assert";
import { basename, dirname } from "@std/path";
import { tempDir } from "../shared/testing/fakes.ts";
import type { HostOps } from "./mod.ts";
import { PathPolicy } from "./policy.ts";
import { CALLER, testHostOps } from "./testing/host_ops.ts";
import { TestDaemon } from "./testing/run_daemon.ts";

const LINUX = Deno.build.os === "linux";

async function refusal(
  ops: HostOps,
  operation: "files/read" | "files/write",
  input: Readonly<Record<string, unknown>>,
) {
  const request = operation === "files/write"
    ? { content: "taken over", ...input }
    : input;
  const outcome = await ops.runHostOperation(
    { operation, input: request },
    CALLER,
  );
  return outcome.ok ? "done" : outcome.error.details?.reason ??
    outcome.error.code;
}

Deno.test("PathPolicy keeps reads and writes in their roots, wherever a path pretends to be", async () => {
  await using inside = await tempDir();
  await using outside = await tempDir();
  const secret = outside.join("secret");
  await Deno.writeTextFile(secret, "secret");
  await Deno.writeTextFile(inside.join("file"), "fine");
  await Deno.symlink(secret, inside.join("link"));
  await Deno.symlink(outside.path, inside.join("folder"));
  await Deno.symlink(outside.join("new"), inside.join("dangling"));
  await Deno.symlink(inside.join("dangling"), inside.join("twice"));
  await Deno.symlink(inside.join("later"), outside.join("inwards"));
  await using ops = testHostOps({
    readRoots: [inside.path],
    writeRoots: [inside.path],
  });
  const sideways = `../${basename(outside.path)}/secret`;
  for (
    const input of [
      { path: secret },
      { path: "secret", cwd: outside.path },
      { path: sideways, cwd: inside.path },
      { path: inside.join("a/../..", basename(outside.path), "secret") },
      { path: `${inside.path}x` },
      { path: dirname(inside.path) + "/other" },
      { path: inside.join("link") },
      { path: inside.join("folder/secret") },
      { path: inside.join("folder/new/deep") },
      { path: inside.join("dangling") },
      { path: inside.join("twice") },
      { path: `/proc/self/root${secret}` },
      { path: "/proc/self/cwd/x" },
      { path: "/etc/passwd" },
    ]
  ) {
    if (input.path.startsWith("/proc/") && !LINUX) continue;
    const label = JSON.stringify(input);
    const read = await refusal(ops, "files/read", input);
    assertEquals(read, "outside_roots", `read ${label}`);
    // A policy that is broken on purpose must not cost a machine its users.
    if (input.path.startsWith("/etc/")) continue;
    const write = await refusal(ops, "files/write", input);
    assertEquals(write, "outside_roots", `write ${label}`);
  }
  assertEquals(await Deno.readTextFile(secret), "secret");
  const names = Array.from(Deno.readDirSync(outside.path), (it) => it.name);
  assertEquals(names.sort(), ["inwards", "secret"]);

  assertEquals(
    await refusal(ops, "files/read", { path: inside.join("file") }),
    "done",
  );
  assertEquals(
    await refusal(ops, "files/write", { path: inside.join("deep/er/new") }),
    "done",
  );
  // a link from elsewhere into the roots leads to a file that is allowed
  assertEquals(
    await refusal(ops, "files/write", { path: outside.join("inwards") }),
    "done",
  );
  assertEquals(await Deno.readTextFile(inside.join("later")), "taken over");
});

Deno.test("PathPolicy takes a root by any of its names", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("real"));
  await Deno.symlink(dir.join("real"), dir.join("alias"));
  await Deno.writeTextFile(dir.join("real/file"), "x");
  for (const root of ["real", "alias"]) {
    await using ops = testHostOps({ readRoots: [dir.join(root)] });
    for (const path of ["real/file", "alias/file"]) {
      assertEquals(
        await refusal(ops, "files/read", { path: dir.join(path) }),
        "done",
      );
    }
  }
});

Deno.test("PathPolicy separates what may be read from what may be written", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("file"), "x");
  await using ops = testHostOps({ readRoots: [dir.path], writeRoots: [] });
  const path = dir.join("file");
  assertEquals(await refusal(ops, "files/read", { path }), "done");
  assertEquals(await refusal(ops, "files/write", { path }), "outside_roots");
});

Deno.test("PathPolicy keeps the daemon's own files from everybody", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("home/state/conductor"), { recursive: true });
  const database = dir.join("home/state/conductor/conductor.db");
  const token = dir.join("home/token");
  await Deno.writeTextFile(database, "rows");
  await Deno.writeTextFile(token, "secret");
  await Deno.symlink(dir.join("home/state"), dir.join("home/other"));
  await Deno.symlink(token, dir.join("home/innocent"));
  await Deno.symlink(dir.join("home/logs/new.log"), dir.join("home/dangling"));
  await Deno.link(token, dir.join("home/second-name"));
  await Deno.link(database, dir.join("home/second-name-of-database"));
  using open = await Deno.open(database);
  await using ops = testHostOps({
    readRoots: ["/"],
    cwd: dir.join("home"),
    ownPaths: ["state", dir.join("home/logs"), token],
  });
  for (
    const input of [
      { path: database },
      { path: "state/conductor/conductor.db" },
      { path: "conductor.db", cwd: dir.join("home/x/../state/conductor") },
      { path: dir.join("home/other/conductor/conductor.db") },
      { path: `/proc/self/root${database}` },
      { path: `/proc/${Deno.pid}/root${database}` },
      { path: "/proc/self/environ" },
      { path: `/proc/${Deno.pid}/environ` },
      { path: "/proc/1/environ" },
      { path: token },
      { path: "innocent" },
      { path: "dangling" },
      { path: "logs/not/yet/there" },
      { path: "state" },
    ]
  ) {
    if (input.path.startsWith("/proc/") && !LINUX) continue;
    const label = JSON.stringify(input);
    for (const operation of ["files/read", "files/write"] as const) {
      const reason = await refusal(ops, operation, input);
      assert(
        reason === "own_files" || reason === "process_files",
        `${operation} ${label}: ${reason}`,
      );
    }
  }
  for (const name of ["second-name", "second-name-of-database"]) {
    assertEquals(await refusal(ops, "files/read", { path: name }), "own_files");
  }
  assertEquals(await Deno.readTextFile(token), "secret");
  assertEquals(await Deno.readTextFile(database), "rows");
  assert(!open.isTerminal());
});

Deno.test({
  name:
    "PathPolicy knows the daemon's own files and folders wherever they are mounted",
  ignore: !LINUX || Deno.uid() !== 0,
  fn: async () => {
    await using dir = await tempDir();
    for (const folder of ["state/deep", "mounted"]) {
      await Deno.mkdir(dir.join(folder), { recursive: true });
    }
    await Deno.writeTextFile(dir.join("state/deep/key"), "secret");
    const mount = `mount --bind ${dir.join("state/deep")} ${
      dir.join("mounted")
    }`;
    await using daemon = await TestDaemon.start(["-A"], {
      ownPaths: [dir.join("state")],
      staging: dir.join("state/staging"),
      under: ["unshare", "-m", "sh", "-c", `${mount} && exec "$@"`, "sh"],
    });
    for (const name of ["key", "new", "new/deeper"]) {
      const path = dir.join("mounted", name);
      for (const operation of ["files/read", "files/write"] as const) {
        const outcome = await daemon.do({
          operation,
          input: operation === "files/read" ? { path } : { path, content: "x" },
        });
        assert(!outcome.ok);
        assertEquals(outcome.error.details, { reason: "own_files" });
      }
    }
    assertEquals(await Deno.readTextFile(dir.join("state/deep/key")), "secret");
  },
});

Deno.test("PathPolicy leaves out what it is told to, by whatever name", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("bin"));
  await Deno.writeTextFile(dir.join("bin/program"), "program");
  await Deno.link(dir.join("bin/program"), dir.join("further"));
  await Deno.symlink(dir.join("bin"), dir.join("link"));
  await using ops = testHostOps({
    writeRoots: [dir.path],
    readRoots: [dir.path],
    leftOut: [dir.join("bin"), dir.join("later.plist")],
  });
  for (
    const name of [
      "bin/program",
      "bin/new",
      "link/program",
      "further",
      "later.plist",
    ]
  ) {
    for (const operation of ["files/read", "files/write"] as const) {
      const path = dir.join(name);
      assertEquals(await refusal(ops, operation, { path }), "left_out", name);
    }
  }
  assertEquals(await Deno.readTextFile(dir.join("further")), "program");
});

Deno.test("PathPolicy takes no link for a root that was none when it began", async () => {
  await using dir = await tempDir();
  for (const folder of ["root", "outside"]) {
    await Deno.mkdir(dir.join(folder));
    await Deno.writeTextFile(dir.join(folder, "file"), folder);
  }
  const roots = [dir.join("root"), dir.join("later")];
  await using ops = testHostOps({ readRoots: roots, writeRoots: roots });
  await Deno.rename(dir.join("root"), dir.join("away"));
  for (const root of ["root", "later"]) {
    await Deno.symlink(dir.join("outside"), dir.join(root));
    for (const operation of ["files/read", "files/write"] as const) {
      const path = dir.join(root, "file");
      assertEquals(await refusal(ops, operation, { path }), "outside_roots");
    }
    await Deno.remove(dir.join(root));
    await Deno.mkdir(dir.join(root));
    const path = dir.join(root, "file");
    assertEquals(await refusal(ops, "files/write", { path }), "done");
  }
});

Deno.test("PathPolicy judges a path of thousands of parts that are not there without holding up others", async () => {
  await using dir = await tempDir();
  const policy = new PathPolicy({ readRoots: [dir.path], ownPaths: [] });
  const path = dir.join("x/".repeat(1_900) + "x");
  // The quickest counts: on a busy machine most wait for others.
  let quickest = Infinity;
  for (let tries = 0; tries < 20 && quickest >= 50; tries++) {
    const from = performance.now();
    const judged = await policy.admit(path, "read");
    quickest = Math.min(quickest, performance.now() - from);
    assertEquals([judged.path, judged.info], [path, undefined]);
  }
  assert(quickest < 50, `${quickest} ms`);
});
