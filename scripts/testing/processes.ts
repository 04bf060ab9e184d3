/** Processes of this machine, as far as `/proc` or `ps` tell. */

/** Returns the command lines that contain `marker`, this process's own aside. */
export async function commandLinesWith(marker: string): Promise<string[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-o", "pid=,args="],
  }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) =>
    line.includes(marker) && Number(line.trim().split(/\s/)[0]) !== Deno.pid
  );
}

/** Waits until no command line contains `marker`; returns what is left after `ms`. */
export async function waitUntilGone(
  marker: string,
  ms = 5000,
): Promise<string[]> {
  const until = Date.now() + ms;
  while (true) {
    const left = await commandLinesWith(marker);
    if (left.length === 0 || Date.now() > until) return left;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
