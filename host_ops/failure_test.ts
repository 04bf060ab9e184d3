import { assertEquals } from "@std/assert";
import { startFailure } from "./failure.ts";

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
