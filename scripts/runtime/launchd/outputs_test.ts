import { assertEquals } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { trimOutputs } from "./outputs.ts";

Deno.test("trimOutputs() keeps the end of what is too long, and all of the rest", async () => {
  await using dir = await tempDir();
  const [long, short] = [dir.join("err"), dir.join("out")];
  await Deno.writeTextFile(long, "x".repeat(2_000_000) + "the reason\n");
  await Deno.writeTextFile(short, "short\n");
  await trimOutputs({ StandardErrorPath: long, StandardOutPath: short });
  const kept = await Deno.readTextFile(long);
  assertEquals([kept.length, kept.endsWith("the reason\n")], [65_536, true]);
  assertEquals(await Deno.readTextFile(short), "short\n");
});

Deno.test("trimOutputs() bears outputs that are not there", async () => {
  await trimOutputs({ StandardErrorPath: "/nowhere/err" });
});
