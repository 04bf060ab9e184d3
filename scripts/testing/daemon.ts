import { join } from "@std/path";
import { freePort } from "../../shared/testing/free_ports.ts";
import { pause } from "../../shared/testing/until.ts";
import { daemonCommand } from "../launch.ts";
import type { Program } from "../permissions.ts";

/** A daemon that a bench or a test started: the real entrypoint with its real permissions. */
export interface RunningDaemon extends AsyncDisposable {
  readonly origin: string;
  readonly pid: number;
  readonly child: Deno.ChildProcess;
  readonly folder: string;
  /** Milliseconds from the start of the process to the first ready answer. */
  readonly readyMs: number;
}

/** Starts a daemon on a free port with a state folder of its own; waits until it is ready. */
export async function startDaemon(
  program: Program | "status-api",
  env: Readonly<Record<string, string>> = {},
  options: {
    /** A command that ends by becoming the daemon, which it is given as arguments. */
    readonly wrapper?: readonly [string, ...string[]];
    /** The probe that is waited for. Default: `/readyz`. */
    readonly probe?: "/healthz" | "/readyz";
    /** Flags of `deno run`. */
    readonly denoFlags?: readonly string[];
  } = {},
): Promise<RunningDaemon> {
  const folder = await Deno.realPath(
    await Deno.makeTempDir({ prefix: `${program}-` }),
  );
  const address = ADDRESSES[program];
  const origin = env[address] ?? `http://127.0.0.1:${freePort()}`;
  const variables = {
    BAA_CONDUCTOR_LOCAL_API: "http://127.0.0.1:9",
    BAA_CODEXD_LOCAL_API: "http://127.0.0.1:9",
    // Never the owner's own Codex.
    BAA_CODEX_BIN: join(folder, "no-codex"),
    CODEX_HOME: join(folder, "codex-home"),
    [address]: origin,
    BAA_STATE_DIR: join(folder, "state"),
    BAA_LOGS_DIR: join(folder, "logs"),
    BAA_TMP_DIR: join(folder, "tmp"),
    ...env,
  };
  const command = program === "status-api"
    ? daemonCommand("conductor", { args: [program], env: variables })
    : daemonCommand(program, {
      env: variables,
      denoFlags: options.denoFlags ?? [],
    });
  const [first, ...rest] = [
    ...options.wrapper ?? [],
    command.program,
    ...command.args,
  ];
  const started = performance.now();
  const child = new Deno.Command(first ?? command.program, {
    args: rest,
    cwd: folder,
    // What configures or opens the owner's own daemons is not for this one.
    clearEnv: true,
    env: { ...foreignVariables(), ...variables },
    stdin: "null",
    stdout: "null",
    stderr: "inherit",
  }).spawn();
  let ended = false;
  child.status.then(() => ended = true);
  while (!ended) {
    try {
      const response = await fetch(origin + (options.probe ?? "/readyz"));
      await response.body?.cancel();
      if (response.ok) break;
    } catch { /* not yet */ }
    await pause(2);
  }
  if (ended) throw new Error(`Cannot start ${program}: it ended at once`);
  const readyMs = performance.now() - started;
  return {
    origin,
    pid: child.pid,
    child,
    folder,
    readyMs,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended */ }
      await child.status;
      await Deno.remove(folder, { recursive: true });
    },
  };
}

function foreignVariables(): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(Deno.env.toObject())
      .filter(([name]) => !name.startsWith("BAA_")),
  );
}

/** The variable that says where each of them listens. */
const ADDRESSES = {
  conductor: "BAA_CONDUCTOR_LOCAL_API",
  codexd: "BAA_CODEXD_LOCAL_API",
  "status-api": "BAA_STATUS_API",
} as const;
