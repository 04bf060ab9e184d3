import { assertEquals } from "@std/assert";
import { tempDir } from "../../shared/testing/fakes.ts";
import { LockFiles } from "./lock_files.ts";

Deno.test("LockFiles tells the dead from the living and the unknown", async () => {
  await using dir = await tempDir();
  const one = new LockFiles(dir.join("instances"));
  const two = new LockFiles(dir.join("instances"));
  one.hold("one");
  two.hold("two");
  assertEquals([two.isDead("one"), one.isDead("two")], [false, false]);
  await Deno.writeTextFile(dir.join("instances", "three.lock"), "");
  assertEquals(one.isDead("three"), true);
  assertEquals(one.isDead("four"), false);
  assertEquals(one.isDead("../instances/three"), false);
  two.release();
  assertEquals(one.isDead("two"), false);
  one.release();
});

Deno.test("LockFiles.hold() removes what dead processes left", async () => {
  await using dir = await tempDir();
  const folder = dir.join("instances");
  const alive = new LockFiles(folder);
  alive.hold("alive");
  await Deno.writeTextFile(dir.join("instances", "dead.lock"), "");
  const next = new LockFiles(folder);
  next.hold("next");
  const names = Array.from(Deno.readDirSync(folder)).map(({ name }) => name);
  assertEquals(names.sort(), ["alive.lock", "next.lock"]);
  assertEquals([next.isDead("dead"), next.isDead("alive")], [true, false]);
  next.release();
  alive.release();
});
