import { assertEquals, assertRejects } from "@std/assert";
import { absoluteFrom, followParents } from "./user_path.ts";

Deno.test("absoluteFrom() begins where a path says, and leaves each `..` to be followed", () => {
  const base = { cwd: "/w", home: "/home/me" };
  const cases = {
    "a//b/./c/": "/w/a/b/c",
    "/a": "/a",
    "~": "/home/me",
    "~/a": "/home/me/a",
    "a/~": "/w/a/~",
    "../a": "/w/../a",
    "~/..": "/home/me/..",
    "a..b/...": "/w/a..b/...",
  };
  for (const [path, wanted] of Object.entries(cases)) {
    assertEquals(absoluteFrom(path, base), wanted);
  }
});

Deno.test("followParents() goes up from where links lead, and asks of no more than it must", async () => {
  const asked: string[] = [];
  const follow = (path: string) =>
    followParents(path, (folder) => {
      asked.push(folder);
      return Promise.resolve(folder.replace("link", "to/target"));
    });
  const cases = {
    "/a/b": "/a/b",
    "/..": "/",
    "/a/link/../b": "/a/to/b",
    "/a/link/../../b": "/a/b",
    "/a/./link//../b/..": "/a/to",
    "/a/link/x/../y": "/a/to/target/y",
  };
  for (const [path, wanted] of Object.entries(cases)) {
    assertEquals(await follow(path), wanted, path);
  }
  assertEquals(asked, [
    "/a/link",
    "/a/link",
    "/a/link",
    "/a/to/b",
    "/a/link/x",
  ]);
  await assertRejects(() =>
    followParents("/a/..", () => Promise.reject(new Error("no")))
  );
});
