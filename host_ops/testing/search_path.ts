/** Returns where a program of this machine is; undefined where there is none. */
export async function program(name: string): Promise<string | undefined> {
  const { stdout } = await new Deno.Command("/bin/sh", {
    args: ["-c", `command -v ${name}`],
  }).output();
  const path = new TextDecoder().decode(stdout).trim();
  return path.startsWith("/") ? path : undefined;
}

/** Makes a folder that, as a PATH, has only these programs. */
export async function searchPath(
  folder: string,
  programs: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  await Deno.mkdir(folder);
  for (const [name, path] of Object.entries(programs)) {
    if (path !== undefined) await Deno.symlink(path, `${folder}/${name}`);
  }
  return folder;
}
