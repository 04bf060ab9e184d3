/**
 * Puts something else where a path leads and back, again and again, until the
 * end of its input: `attacker.ts KIND VICTIM TARGET`. Run in processes of their
 * own by tests.
 */
type Attack = (victim: string, target: string) => () => void;

/** By what stands at the victim's path while it is not the victim itself. */
const ATTACKS: Readonly<Record<string, Attack>> = {
  /** A file and a link to another one. */
  "link to a file": (victim, target) => {
    const { keep, next } = besides(victim);
    Deno.linkSync(victim, keep);
    return () => {
      Deno.symlinkSync(target, next);
      Deno.renameSync(next, victim);
      Deno.linkSync(keep, next);
      Deno.renameSync(next, victim);
    };
  },
  /** A file and a further name of another one. */
  "name of a file": (victim, target) => {
    const { keep, next } = besides(victim);
    Deno.linkSync(victim, keep);
    return () => {
      for (const from of [target, keep]) {
        Deno.linkSync(from, next);
        Deno.renameSync(next, victim);
      }
    };
  },
  /** A folder and a link to another one. */
  "link to a folder": (victim, target) => {
    const { keep, next } = besides(victim);
    Deno.symlinkSync(target, next);
    return () => {
      Deno.renameSync(victim, keep);
      Deno.renameSync(next, victim);
      Deno.renameSync(victim, next);
      Deno.renameSync(keep, victim);
    };
  },
  /** Nothing and a link to a folder, where one is to be made. */
  "link to nothing": (victim, target) => {
    const { keep, next } = besides(victim);
    Deno.symlinkSync(target, next);
    let made = 0;
    return () => {
      try {
        Deno.renameSync(victim, `${keep}.${made}`);
        made += 1;
      } catch {
        // not made again yet
      }
      Deno.renameSync(next, victim);
      Deno.renameSync(victim, next);
    };
  },
};

function besides(victim: string) {
  const unique = crypto.randomUUID();
  return { keep: `${victim}.${unique}.keep`, next: `${victim}.${unique}.next` };
}

const [kind = "", victim = "", target = ""] = Deno.args;
const attack = ATTACKS[kind]?.(victim, target);
if (attack === undefined) throw new Error(`Cannot attack by "${kind}"`);
await Deno.stdout.write(new TextEncoder().encode("ready\n"));
let isOver = false;
Deno.stdin.read(new Uint8Array(1)).then(() => isOver = true);
while (!isOver) {
  for (let i = 0; i < 200; i++) {
    try {
      attack();
    } catch {
      // another attacker or the attacked was in between
    }
  }
  await new Promise((resolve) => setTimeout(resolve));
}
