import { until } from "./until.ts";

/** Returns a command that sleeps for ever and can be told from all others. */
export function endlessSleep(): string {
  const random = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  return `sleep 9${String(random).padStart(10, "0")}`;
}

/** Returns the ids of the live processes whose command line holds `text`, this one's own aside. */
export async function processesWith(text: string): Promise<number[]> {
  const found = (await processes()).filter((it) =>
    it.args.includes(text) && it.id !== Deno.pid
  );
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

/** Waits until no live process's command line holds `text`; returns those that are left. */
export async function waitUntilGone(text: string): Promise<number[]> {
  await until(async () => (await processesWith(text)).length === 0, Boolean, {
    withinMs: 5000,
  }).catch(() => undefined);
  return await processesWith(text);
}
