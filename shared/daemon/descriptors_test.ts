import { assert, assertEquals } from "@std/assert";
import { RecordingLogger, tempDir } from "../testing/fakes.ts";
import { Descriptors } from "./descriptors.ts";

Deno.test("Descriptors.inUse grows with what is open", async () => {
  await using dir = await tempDir();
  const descriptors = new Descriptors(dir.path);
  const before = descriptors.inUse ?? NaN;
  const held = Array.from({ length: 50 }, () => Deno.openSync(dir.path));
  // At least: others may close some of theirs meanwhile, and numbers are reused.
  const during = descriptors.inUse ?? NaN;
  for (const file of held) file.close();
  assert(during >= before + 40, `${before}, then ${during}`);
});

Deno.test("Descriptors.inUse is not told where nothing may be read", () => {
  assertEquals(new Descriptors().inUse, undefined);
  assertEquals(new Descriptors("/no/such/folder").inUse, undefined);
});

Deno.test("Descriptors.limit is what a shell says; without one it is not known", async () => {
  await using dir = await tempDir();
  const log = new RecordingLogger();
  const shell = dir.join("sh");
  await Deno.writeTextFile(
    shell,
    '#!/bin/sh\nulimit -n 123\nexec /bin/sh "$@"\n',
  );
  await Deno.chmod(shell, 0o755);
  const descriptors = new Descriptors(dir.path);
  assertEquals(descriptors.limit, undefined);
  await descriptors.ask(shell, log);
  assertEquals(descriptors.limit, 123);
  const unknown = new Descriptors(dir.path);
  await unknown.ask(dir.join("none"), log);
  assertEquals([unknown.limit, log.lines.length], [undefined, 1]);
});
