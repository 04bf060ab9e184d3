import { assertEquals, assertThrows } from "@std/assert";
import { ConfigError } from "../../shared/config/read_config.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { takeStateFolder } from "./state_folder.ts";

Deno.test("takeStateFolder() refuses a folder that is taken, and takes it when it is free", async () => {
  await using dir = await tempDir();
  const folder = dir.join("state/codexd");
  {
    using first = takeStateFolder(folder, "mark-1");
    assertEquals(first.previousMark, undefined);
    assertThrows(() => takeStateFolder(folder, "mark-2"), ConfigError, folder);
  }
  using second = takeStateFolder(folder, "mark-3");
  assertEquals(second.previousMark, "mark-1");
});
