import { fromFileUrl } from "@std/path";
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

/** Starts a daemon in the foreground of this process's terminal. */
export function launch(
  program: Program,
  options: { readonly args?: readonly string[]; readonly isWatched: boolean },
): Deno.ChildProcess {
  const { args = [], isWatched } = options;
  const denoFlags = isWatched ? ["--watch"] : [];
  const command = daemonCommand(program, { args, denoFlags });
  return new Deno.Command(command.program, {
    args: command.args,
    stdin: "null",
  }).spawn();
}

/** Passes the signals that end this process on to its children. */
export function passSignalsOn(children: readonly Deno.ChildProcess[]): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    Deno.addSignalListener(signal, () => signalAll(children, signal));
  }
}

/** Sends a signal to the children that have not ended. */
export function signalAll(
  children: readonly Deno.ChildProcess[],
  signal: Deno.Signal,
): void {
  for (const child of children) {
    try {
      child.kill(signal);
    } catch { /* it has ended */ }
  }
}
