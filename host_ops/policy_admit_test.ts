import { assertEquals, assertRejects } from "@std/assert";
import { basename } from "@std/path";
import { tempDir } from "../shared/testing/fakes.ts";
import { HostOpFailure } from "./failure.ts";
import { PathPolicy, type PathPolicyOptions } from "./policy.ts";

function policyOf(options: Partial<PathPolicyOptions> = {}): PathPolicy {
  return new PathPolicy({ ownPaths: [], ...options });
}

async function refusal(promise: Promise<unknown>) {
  const { error } = await assertRejects(() => promise, HostOpFailure);
  return error;
}

Deno.test("PathPolicy tells whether roots are set, for each access", () => {
  const policy = policyOf({ readRoots: ["/"] });
  assertEquals(policy.hasRoots("read"), true);
  assertEquals(policy.hasRoots("write"), false);
});

Deno.test("PathPolicy without roots admits a file by its real path, with what stands there", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("file"), "four");
  await Deno.symlink(dir.join("file"), dir.join("link"));
  const policy = policyOf();
  const { path, info, root } = await policy.admit(dir.join("link"), "read");
  assertEquals([path, info?.size, root], [dir.join("file"), 4, undefined]);
  const later = await policy.admit(dir.join("later"), "write");
  assertEquals(later, {
    path: dir.join("later"),
    info: undefined,
    root: undefined,
  });
});

Deno.test("PathPolicy names the root that holds a file, also one that is not there yet", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("file"), "x");
  const [here, later] = [dir.path, dir.join("later")];
  const rootOf = async (path: string, roots: readonly string[]) => {
    const judged = await policyOf({ writeRoots: roots }).admit(path, "write");
    return [judged.path, judged.root];
  };
  const file = dir.join("file");
  assertEquals(await rootOf(file, ["/nowhere", here]), [file, here]);
  const deep = dir.join("later/a/b");
  assertEquals(await rootOf(deep, [later]), [deep, later]);
  assertEquals(await rootOf(later, [later]), [later, later]);
  assertEquals(await rootOf(file, ["/"]), [file, "/"]);
  assertEquals(await rootOf("/", ["/"]), ["/", "/"]);
  for (const path of [dir.join("latest"), dir.join("other/a")]) {
    const { details } = await refusal(rootOf(path, [later]));
    assertEquals(details, { reason: "outside_roots", roots: [later] }, path);
  }
});

Deno.test("PathPolicy says what it refuses, and why", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("state"));
  await Deno.writeTextFile(dir.join("left"), "x");
  const policy = policyOf({
    readRoots: [dir.path],
    ownPaths: [dir.join("state")],
    leftOut: [dir.join("left")],
  });
  const refused = async (path: string) => {
    const { code, message, details } = await refusal(
      policy.admit(path, "read"),
    );
    assertEquals(code, "PERMISSION_DENIED");
    assertEquals(message.startsWith(`Cannot read ${path}: `), true, message);
    return details?.reason;
  };
  assertEquals(await refused(dir.join("state/new")), "own_files");
  assertEquals(await refused(dir.join("left")), "left_out");
  const outside = dir.path.replace(/.$/, "");
  assertEquals(await refused(outside), "outside_roots");
});

Deno.test("PathPolicy keeps a file that it knows, and no other", async () => {
  await using dir = await tempDir();
  for (const name of ["own", "left", "free"]) {
    await Deno.writeTextFile(dir.join(name), "x");
  }
  const policy = policyOf({
    ownPaths: [dir.join("own")],
    leftOut: [dir.join("left")],
  });
  const keeps = (name: string) => policy.keeps(Deno.lstatSync(dir.join(name)));
  assertEquals(["own", "left", "free"].map(keeps), [true, true, false]);
  assertEquals(policy.keeps({ dev: 0, ino: null }), false);
});

Deno.test("PathPolicy follows .. through folders alone, and tells of nothing outside", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("root/folder"), { recursive: true });
  await Deno.writeTextFile(dir.join("root/file"), "x");
  const root = dir.join("root");
  const policy = policyOf({ readRoots: [root], writeRoots: [root] });
  const up = (path: string) => policy.follow(`${root}/${path}`, "read");
  assertEquals(await up("folder/../file"), `${root}/file`);
  const anywhere = policyOf().follow(`${root}/folder/../file`, "read");
  assertEquals(await anywhere, `${root}/file`);
  const file = await refusal(up("file/../folder"));
  assertEquals(file.details?.reason, "parent_not_a_directory");
  assertEquals(file.message.endsWith("is not a directory"), true);
  assertEquals((await refusal(up("none/../file"))).code, "FILE_NOT_FOUND");
  const write = await refusal(
    policy.follow(`${root}/none/../file`, "write"),
  );
  assertEquals(write.details?.reason, "parent_not_found");
  assertEquals(write.message.endsWith("does not exist"), true);
  assertEquals(write.message.includes(`${root}/none, before a ".."`), true);
  const [there, absent] = [
    `${dir.path}/x/../root/file`,
    `${dir.path}/../y/../z`,
  ];
  await Deno.mkdir(dir.join("x"));
  for (const path of [there, absent]) {
    const { details } = await refusal(policy.follow(path, "read"));
    assertEquals(details?.reason, "outside_roots", path);
  }
  // What stands above a root is on the way to it.
  const way = await policy.follow(
    `${dir.path}/../${basename(dir.path)}/root/file`,
    "read",
  );
  assertEquals(way, `${root}/file`);
});
