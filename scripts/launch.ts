import { fromFileUrl } from "@std/path";
import { untilAncestorGone } from "./ancestors.ts";
import { permissionFlags, permissionsOf, type Program } from "./permissions.ts";
import { V8_FLAGS } from "./v8_flags.ts";

const ROOT = new URL("../", import.meta.url);

/** The command that starts a daemon from source, with the permissions of its binary. */
export function daemonCommand(
  program: Program,
  options: {
    readonly args?: readonly string[];
    readonly env?: Readonly<Record<string, string>>;
    readonly denoFlags?: readonly string[];
  } = {},
): { readonly program: string; readonly args: string[] } {
  const { args = [], env = {}, denoFlags = [] } = options;
  const set = permissionsOf(
    program,
    (name) => env[name] ?? Deno.env.get(name),
    { withStatusApi: args[0] === "status-api" },
  );
  return {
    program: Deno.execPath(),
    args: [
      "run",
      "--quiet",
      "--frozen",
      V8_FLAGS,
      `--config=${fromFileUrl(new URL("deno.json", ROOT))}`,
      ...denoFlags,
      ...permissionFlags(set),
      fromFileUrl(new URL(`${program}/main.ts`, ROOT)),
      ...args,
    ],
  };
}

/** Starts a daemon that ends with this process, however that ends. */
export function launch(
  program: Program,
  options: { readonly args?: readonly string[]; readonly isWatched: boolean },
): Deno.ChildProcess {
  const { args = [], isWatched } = options;
  const denoFlags = isWatched ? ["--watch"] : [];
  const command = daemonCommand(program, { args, denoFlags });
  return new Deno.Command(command.program, {
    args: [...command.args, `--stop-with=${Deno.pid}`],
    stdin: "null",
    // Ctrl-C reaches every process of the terminal's group, and to a daemon a
    // second signal means: at once. It is to get one alone, from here.
    detached: true,
  }).spawn();
}

/**
 * Waits until the first of some daemons has ended, and ends the others. All
 * are told to stop by a signal to this process, or when one that it was started
 * through is gone. Returns the exit code: the first one that is not 0.
 * `onFirst` is told of one that ended by itself, by its place among them.
 */
export async function untilEnded(
  daemons: readonly Deno.ChildProcess[],
  { isWatched, onFirst }: {
    readonly isWatched: boolean;
    readonly onFirst?: (index: number, status: Deno.CommandStatus) => void;
  },
): Promise<number> {
  // Told to terminate, --watch waits for a change all the same.
  const signal = isWatched ? "SIGINT" : "SIGTERM";
  let told: number | undefined;
  const stop = () => {
    told = performance.now();
    for (const daemon of daemons) {
      try {
        daemon.kill(signal);
      } catch { /* it has ended */ }
    }
  };
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(name, () => {
      const isEcho = told !== undefined && performance.now() - told < ECHO_MS;
      if (!isEcho) stop();
    });
  }
  const stopOnce = () => told ?? stop();
  void untilAncestorGone().then(stopOnce);
  const ended = daemons.map((it) => it.status);
  const first = ended.map(async (it, index) => ({ index, status: await it }));
  const { index, status } = await Promise.race(first);
  if (told === undefined) onFirst?.(index, status);
  stopOnce();
  const codes = (await Promise.all(ended)).map((it) => it.code);
  return [status.code, ...codes].find((it) => it !== 0) ?? 0;
}

/** For this many milliseconds the same Ctrl-C comes again, from each process that passes it on. */
const ECHO_MS = 500;
