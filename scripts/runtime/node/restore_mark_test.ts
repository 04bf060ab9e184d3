import { assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import {
  brokenOffFindings,
  brokenOffRestores,
  markPath,
  markRestore,
} from "./restore_mark.ts";

Deno.test("brokenOffRestores() tells a restore whose process is gone from one that goes on", async () => {
  await using dir = await tempDir();
  const restore = { stamp: "2026-01-02", backup: "/a b" };
  {
    using _mark = await markRestore(dir.path, restore);
    assertEquals(await brokenOffRestores(dir.path), []);
  }
  assertEquals(await Array.fromAsync(Deno.readDir(dir.path)), []);
  {
    using mark = await markRestore(dir.path, restore);
    mark.keep();
  }
  assertEquals(await brokenOffRestores(dir.path), [restore]);
  // What only looked at a backup has broken off nothing that matters.
  await Deno.writeTextFile(markPath(dir.path, "2026-01-01"), "");
  const findings = await brokenOffFindings(dir.path);
  assertEquals(findings.map(({ level, fix }) => [level, fix]), [[
    "warning",
    "./scripts/runtime/restore-mini.sh '/a b' does it again, " +
    "./scripts/runtime/start-launchd.sh --service conductor goes on with what is there",
  ]]);
  assertEquals(await brokenOffRestores(dir.join("nowhere")), []);
});
