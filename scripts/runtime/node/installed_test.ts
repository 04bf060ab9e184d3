import { assertThrows } from "@std/assert";
import { mustBeReadable, readInstalled } from "./installed.ts";
import { OwnerError } from "./owner.ts";

Deno.test("mustBeReadable() says that sudo is needed where root alone may read the property lists", async () => {
  const installed = await readInstalled("agent", "/nowhere");
  mustBeReadable(installed);
  const why = (reason: string) => ({
    ...installed,
    scope: "daemon" as const,
    unreadable: new Map([["codexd" as const, reason]]),
  });
  // What is spoilt the checks tell.
  mustBeReadable(why("Cannot read the property list: it is no XML"));
  assertThrows(
    () => mustBeReadable(why("root alone can read it: use sudo")),
    OwnerError,
    "root's alone: run this with sudo and --scope daemon",
  );
});
