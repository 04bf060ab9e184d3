import { assertEquals, assertStringIncludes } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { silentLogger, tempDir } from "../../shared/testing/fakes.ts";
import { Reaper } from "./reaper.ts";

/** Ids that no process has, and more of them than a pipe holds at once. */
const MANY_GROUPS = Array.from({ length: 4_000 }, (_, i) => 2_000_000_000 + i);

/** Writes a shell that does `act` in place of its first `count` starts. */
async function shellThatFirst(
  act: string,
  { folder, count }: { readonly folder: string; readonly count: number },
): Promise<{ shell: string; starts: () => Promise<number> }> {
  const shell = `${folder}/sh`;
  const started = `${folder}/started`;
  await Deno.writeTextFile(started, "");
  const script = `#!/bin/sh
echo >>${started}
[ $(wc -l <${started}) -gt ${count} ] || ${act}
exec /bin/sh "$@"
`;
  await Deno.writeTextFile(shell, script, { mode: 0o700 });
  const starts = async () => (await Deno.readTextFile(started)).length;
  return { shell, starts };
}

Deno.test("remember() outlasts reapers that are killed one after the other", async () => {
  await using dir = await tempDir();
  const { shell, starts } = await shellThatFirst("kill -9 $$", {
    folder: dir.path,
    count: 6,
  });
  const reaper = new Reaper({ shell, clock: systemClock, log: silentLogger });
  await Promise.all(MANY_GROUPS.map((group) => reaper.remember(group)));
  assertEquals(await starts(), 7);
  await reaper.close();
});

Deno.test("remember() gives up on reapers that end by themselves, and says so", async () => {
  await using dir = await tempDir();
  const { shell } = await shellThatFirst("exit 1", {
    folder: dir.path,
    count: 1_000,
  });
  const reaper = new Reaper({ shell, clock: systemClock, log: silentLogger });
  const all = MANY_GROUPS.map((group) => reaper.remember(group));
  const results = await Promise.allSettled(all);
  const refused = results.find((it) => it.status === "rejected");
  assertStringIncludes(
    String(refused?.reason),
    "the reaper does not stay alive",
  );
  await reaper.close();
});
