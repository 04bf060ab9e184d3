/** Returns a command that sleeps for ever and can be told from all others. */
export function endlessSleep(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return `sleep 9${String(random).padStart(10, "0")}`;
}

/** Returns the ids of the live processes whose command line holds `text`. */
export async function processesWith(text: string): Promise<number[]> {
  const found = (await processes()).filter((it) => it.args.includes(text));
  return found.map((it) => it.id);
}

/** Tells whether a program with exactly this command line runs, not just a shell that will start it. */
export async function runs(args: string): Promise<boolean> {
  return (await processes()).some((it) => it.args === args);
}

async function processes(): Promise<{ id: number; args: string }[]> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-Ao", "pid=,args="],
    stderr: "null",
  }).output();
  return new TextDecoder().decode(stdout).split("\n").map((line) => {
    const [, id, args] = /^\s*(\d+) (.*)$/.exec(line) ?? [];
    return { id: Number(id), args: args ?? "" };
  });
}

/** Resolves once `condition` holds; rejects when it does not within 10 seconds. */
export async function eventually(
  condition: () => Promise<boolean> | boolean,
): Promise<void> {
  const until = performance.now() + 10_000;
  while (!await condition()) {
    if (performance.now() > until) throw new Error("It did not come true");
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
