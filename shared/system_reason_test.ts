import { assertEquals } from "@std/assert";
import { systemReason } from "./system_reason.ts";

Deno.test("systemReason() names the path and says why in own words", async () => {
  const reasonOf = (work: Promise<unknown>) => work.then(String, systemReason);
  assertEquals(
    await reasonOf(Deno.stat("/nowhere/it")),
    "there is no /nowhere/it",
  );
  assertEquals(
    await reasonOf(Deno.readTextFile("/etc/passwd/it")),
    "/etc/passwd/it: a part of the path is not a folder (ENOTDIR)",
  );
  assertEquals(
    await reasonOf(Deno.readTextFile("/")),
    "/: it is a folder (EISDIR)",
  );
  assertEquals(systemReason(new Error("Cannot do it: no")), "Cannot do it: no");
});
