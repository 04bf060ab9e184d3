// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Runs conductor and codexd in the foreground and says where to look next.
 *
 * Usage: deno run -A scripts/start.ts [--watch]
 */
import { join } from "@std/path";
import { readCodexdConfig } from "../codexd/config.ts";
import {
  type ConductorConfig,
  readConductorConfig,
} from "../conductor/config.ts";
import { systemClock } from "../shared/clock.ts";
import { ConfigError } from "../shared/config/mod.ts";
import { sleep } from "../shared/wait.ts";
import { launch, untilEnded } from "./launch.ts";

const READY_WITHIN_MS = 20_000;
const PROGRAMS = ["conductor", "codexd"] as const;

try {
  const env = (name: string) => Deno.env.get(name);
  const conductor = readConductorConfig(env);
  const codexd = readCodexdConfig(env);
  holdState(conductor.values.stateDir);
  // Else the probe of whoever holds the port would pass for ours.
  for (const base of [conductor.listen, codexd.listen]) expectFree(base);
  const isWatched = Deno.args.includes("--watch");
  const daemons = PROGRAMS.map((it) => launch(it, { isWatched }));
  const ended = untilEnded(daemons, {
    isWatched,
    onFirst(index, { code, signal }) {
      const how = signal === null ? `with exit code ${code}` : `by ${signal}`;
      console.error(
        `${PROGRAMS[index]} has ended ${how}; ${PROGRAMS[1 - index]} is ` +
          `stopped with it; logs are in ${conductor.logsDir}`,
      );
    },
  });
  const ready = Promise.all([
    isReady(conductor.listen),
    isReady(codexd.listen),
  ]);
  const first = await Promise.race([ended, ready]);
  if (Array.isArray(first)) tell(conductor, codexd.listen);
  Deno.exit(await ended);
} catch (error) {
  if (!(error instanceof ConfigError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

/**
 * Ends the script when another one runs on the same state: two that start at
 * once would each get one port. The kernel unlocks however this process ends.
 */
function holdState(folder: string): void {
  const path = join(folder, "start.lock");
  let file: Deno.FsFile;
  try {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    file = Deno.openSync(path, { create: true, write: true, mode: 0o600 });
  } catch {
    return; // The daemons say what is wrong with the folder.
  }
  if (file.tryLockSync(true)) {
    Deno.writeTextFileSync(path, `${Deno.pid}\n`);
    return;
  }
  const pid = Number(Deno.readTextFileSync(path));
  // It may not have written its own yet.
  const [which, how] = pid > 0 ? [` (pid ${pid})`, ` (kill ${pid})`] : ["", ""];
  console.error(
    `Cannot start: another deno task start${which} runs with the state in ` +
      `${folder}: end that one${how}, or set BAA_STATE_DIR and the ports`,
  );
  Deno.exit(2);
}

/** Ends the script when another process holds the port. */
function expectFree({ hostname, port, origin }: URL): void {
  try {
    Deno.listen({ hostname: hostname.replace(/^\[|\]$/g, ""), port: +port })
      .close();
  } catch (error) {
    if (!(error instanceof Deno.errors.AddrInUse)) return;
    console.error(
      `Cannot start: ${origin} is in use by another process: ` +
        "deno task doctor says by which",
    );
    Deno.exit(2);
  }
}

/** Resolves when the daemon answers its probe, or when that takes too long. */
async function isReady(base: URL): Promise<boolean> {
  // An address beyond loopback may come later.
  const loopback = Object.assign(new URL(base), { hostname: "127.0.0.1" });
  const until = Date.now() + READY_WITHIN_MS;
  while (Date.now() < until) {
    try {
      const response = await fetch(new URL("/healthz", loopback));
      await response.body?.cancel();
      if (response.ok) return true;
    } catch { /* not yet */ }
    await sleep(systemClock, 50);
  }
  return false;
}

function tell(
  { listen, logsDir, stateDir }: ConductorConfig,
  codexd: URL,
): void {
  console.log(`
conductor  ${listen.origin}
codexd     ${codexd.origin}
state      ${stateDir}
logs       ${logsDir}

Look next:
  curl '${listen.origin}/describe?pretty'          everything that the API allows
  curl '${listen.origin}/v1/capabilities?pretty'   what works now
Ctrl-C stops both.
`);
}
