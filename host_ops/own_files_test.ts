import { assertEquals } from "@std/assert";
import { type TempDir, tempDir } from "../shared/testing/fakes.ts";
import { OwnFiles } from "./own_files.ts";
import { identityAt } from "./real_path.ts";

/** Makes a folder that nobody has changed for long. */
async function settledFolder(path: string): Promise<void> {
  await Deno.mkdir(path, { recursive: true });
  const anHourAgo = new Date(Date.now() - 3_600_000);
  await Deno.utime(path, anHourAgo, anHourAgo);
}

function has(files: OwnFiles, dir: TempDir, name: string): boolean {
  const identity = identityAt(dir.join(name));
  return identity !== undefined && files.hasAny(new Set([identity]));
}

Deno.test("OwnFiles knows what comes into folders that it has listed before", async () => {
  await using dir = await tempDir();
  await settledFolder(dir.join("state/deep"));
  await settledFolder(dir.join("state"));
  const files = new OwnFiles([dir.join("state"), dir.join("token")]);
  await Deno.writeTextFile(dir.join("other"), "");
  for (let i = 0; i < 3; i++) {
    assertEquals(has(files, dir, "other"), false);
    const [file, folder, below] = [
      `state/deep/${i}`,
      `state/new-${i}`,
      `state/new-${i}/file`,
    ] as const;
    await Deno.writeTextFile(dir.join(file), "");
    await Deno.mkdir(dir.join(folder));
    await Deno.writeTextFile(dir.join(below), "");
    await Deno.writeTextFile(dir.join("next"), "");
    await Deno.rename(dir.join("next"), dir.join("token"));
    for (const name of [file, folder, below, "token", "state/deep", "state"]) {
      assertEquals(has(files, dir, name), true, name);
    }
    await settledFolder(dir.join("state/deep"));
    await settledFolder(dir.join("state"));
  }
});

Deno.test("OwnFiles takes no file for its own while it is on its way to another place", async () => {
  await using dir = await tempDir();
  const staging = dir.join("state/deep/staging");
  await settledFolder(staging);
  const files = new OwnFiles([dir.join("state")], staging);
  await Deno.writeTextFile(`${staging}/new`, "");
  await Deno.link(`${staging}/new`, dir.join("placed"));
  assertEquals(has(files, dir, "placed"), false);
  assertEquals(has(files, dir, "state/deep/staging"), true);
});

Deno.test("OwnFiles knows a file by a name that is elsewhere, and by none that is gone", async () => {
  await using dir = await tempDir();
  await settledFolder(dir.join("state"));
  await Deno.writeTextFile(dir.join("state/file"), "");
  await Deno.link(dir.join("state/file"), dir.join("further"));
  const files = new OwnFiles([dir.join("state")]);
  assertEquals(has(files, dir, "further"), true);
  await Deno.remove(dir.join("state/file"));
  assertEquals(has(files, dir, "further"), false);
});

Deno.test("OwnFiles takes nothing for its own where nothing is, however often it looks", async () => {
  await using dir = await tempDir();
  await Deno.writeTextFile(dir.join("other"), "");
  const files = new OwnFiles([dir.join("state"), dir.join("token")]);
  for (let times = 0; times < 3; times++) {
    assertEquals(has(files, dir, "other"), false);
  }
  await Deno.rename(dir.join("other"), dir.join("token"));
  assertEquals(has(files, dir, "token"), true);
});

Deno.test("OwnFiles trusts no listing of a folder that was changed just now: its time may not tell of the next change", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("state"));
  const justNow = new Date(Date.now() - 500);
  const files = new OwnFiles([dir.join("state")]);
  for (const name of ["state/one", "state/two", "state/three"]) {
    await Deno.writeTextFile(dir.join(name), "");
    await Deno.utime(dir.join("state"), justNow, justNow);
    assertEquals(has(files, dir, name), true, name);
  }
});

Deno.test("OwnFiles takes no file for its own to which a link of its own leads", async () => {
  await using dir = await tempDir();
  await Deno.mkdir(dir.join("state"));
  await Deno.writeTextFile(dir.join("other"), "");
  await Deno.symlink(dir.join("other"), dir.join("state/link"));
  const files = new OwnFiles([dir.join("state")]);
  assertEquals(has(files, dir, "other"), false);
  assertEquals(has(files, dir, "state/link"), true);
});
