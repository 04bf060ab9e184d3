import { assertEquals } from "@std/assert";
import { tempDir } from "../shared/testing/fakes.ts";
import { EnteredFolder } from "./entered_folder.ts";
import { FolderShell } from "./folder_shells.ts";

Deno.test("EnteredFolder copies nothing of a FIFO, which nobody may wait for", async () => {
  await using dir = await tempDir();
  const fifo = dir.join("fifo");
  await new Deno.Command("mkfifo", { args: [fifo] }).output();
  // who opens it all the same is not kept waiting, so that this fails
  using _ = await Deno.open(fifo, { read: true, write: true });
  const shell = new FolderShell({ shell: "/bin/sh" });
  const folder = await EnteredFolder.enter(shell, dir.path, {
    copied: { name: "fifo", to: dir.join("copy") },
  });
  await shell.end();
  assertEquals(folder.hasCopied, false);
});

Deno.test("EnteredFolder begins no copy with what was copied in another folder", async () => {
  await using dir = await tempDir();
  const path = dir.join("file");
  const outside = dir.join("outside");
  const to = dir.join("copy");
  await Deno.writeTextFile(path, "", { mode: 0o640 });
  await Deno.writeTextFile(outside, "", { mode: 0o600 });
  /** As where somebody moves the folder away, and has a link copied there. */
  class Misled extends FolderShell {
    #isMisled = false;

    override async enter(word: string, order?: string) {
      const outcome = await super.enter(word, order);
      if (this.#isMisled) return outcome;
      this.#isMisled = true;
      await Deno.remove(to);
      await Deno.symlink(outside, to);
      return { ...outcome, output: "/elsewhere\n" };
    }
  }
  const shell = new Misled({ shell: "/bin/sh" });
  const folder = await EnteredFolder.enter(shell, dir.path, {
    copied: { name: "file", to: to },
  });
  await shell.end();
  assertEquals(folder.hasCopied, true);
  const copy = await Deno.lstat(to);
  assertEquals([copy.isFile, (copy.mode ?? 0) & 0o777], [true, 0o640]);
  assertEquals(((await Deno.stat(outside)).mode ?? 0) & 0o777, 0o600);
});
