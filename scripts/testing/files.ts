import { join } from "@std/path";

/** Returns every file under a folder with what is in it, a character a byte. */
export async function textsIn(folder: string): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  for await (const { name, isDirectory, isFile } of Deno.readDir(folder)) {
    const path = join(folder, name);
    if (isDirectory) {
      for (const [file, text] of await textsIn(path)) texts.set(file, text);
    } else if (isFile) {
      const bytes = await Deno.readFile(path);
      texts.set(path, new TextDecoder("latin1").decode(bytes));
    }
  }
  return texts;
}
