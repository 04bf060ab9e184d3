import { join } from "@std/path";
import { type Clock, systemClock } from "../clock.ts";
import { ConfigError, type ProgramName } from "../config/mod.ts";
import { AppError, messageOf } from "../errors.ts";
import { failure } from "../http/mod.ts";
import { createLogger, type Logger, stderrSink } from "../log.ts";
import { Redactor } from "../redact.ts";
import { RotatingFile } from "../rotating_file.ts";
import { sleep } from "../wait.ts";
import type { DaemonConfig } from "./daemon_config.ts";
import { Descriptors } from "./descriptors.ts";
import { listen, type Listening } from "./listen.ts";
import { ListenError } from "./listen_error.ts";
import type { Handle } from "./http_server.ts";
import { stopDaemon, type Stoppable } from "./stop_daemon.ts";

const EXIT_CONFIG = 2;
/** `--stop-with=<pid>`: who starts a daemon in the foreground is to take it along. */
const STOP_WITH = "--stop-with=";
const PARENT_POLL_MS = 500;
const encoder = new TextEncoder();

/** Runs a daemon until a signal ends it. The only place that ends the process. */
export async function runDaemon<C extends DaemonConfig>(
  program: DaemonProgram<C>,
  args: readonly string[],
): Promise<void> {
  const parent = args.find((it) => it.startsWith(STOP_WITH));
  const config = readOrExit(program, args.filter((it) => it !== parent));
  setUmask(program.name, config.umask);
  const instance = crypto.randomUUID().slice(0, 8);
  const redactor = new Redactor(config.secrets);
  const { log, flush } = openLog(program.name, config, {
    redactor,
    instance,
  });
  const fatal = (message: string, error: unknown, code: number): never => {
    log.error(message, { error });
    flush();
    fail(`${program.name}: ${redactor.text(messageOf(error))}`);
    Deno.exit(code);
  };
  exitOnUncaught((error) =>
    fatal("Stopping: an error was not caught", error, 1)
  );
  for (const warning of config.warnings) {
    log.warn(warning);
    if (!Deno.stderr.isTerminal()) fail(`Warning: ${warning}`);
  }

  program.confine?.();
  const starting = new AppError("NOT_READY", "Cannot answer yet: starting");
  const signalled = firstSignal(flush);
  const told = parent === undefined
    ? signalled
    : Promise.race([signalled, parentGone(Number(parent.split("=")[1]))]);
  const descriptors = new Descriptors(config.folders[0]);
  let daemon: Daemon | undefined;
  let listening: Listening | undefined;
  try {
    listening = listen(
      config.listen,
      (request, info) =>
        daemon?.handle(request, info) ?? failure(starting, log),
      {
        clock: systemClock,
        log,
        descriptors,
        relieve: () => daemon?.relieve(),
        isWorking: () => daemon?.isWorking() ?? false,
      },
    );
    if (config.socket !== undefined) await listening.openSocket(config.socket);
    daemon = await program.compose(config, {
      log,
      flushLog: flush,
      clock: systemClock,
      redactor,
      instance,
      base: listening.base,
      hasIpv6: listening.hasIpv6,
      listening,
      descriptors,
    });
    if (config.shell !== undefined) void descriptors.ask(config.shell, log);
  } catch (error) {
    const known = error instanceof ListenError || error instanceof ConfigError;
    return fatal("Cannot start", error, known ? EXIT_CONFIG : 1);
  }
  log.info("Listening", {
    ...(listening.absence === undefined && {
      address: listening.base.origin,
    }),
    addresses: listening.addresses,
    version: program.version,
    pid: Deno.pid,
    who_may: config.whoMay,
  });
  const signal = await told;
  log.info("Stopping", { signal });
  const outcome = await stopDaemon(daemon, listening, log);
  log.info("Stopped", { outcome });
  flush();
  Deno.exit(0);
}

/** What a daemon's composition root is given by the runner. */
export interface DaemonPorts {
  readonly log: Logger;
  /** Has every line of it written now. */
  readonly flushLog: () => void;
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** Random; sets this process apart from others of the same name. */
  readonly instance: string;
  /** The base with the port that is really used. */
  readonly base: URL;
  /** Whether [::1] is listened on, and so answered for. */
  readonly hasIpv6: boolean;
  readonly listening: Pick<Listening, "holds" | "trouble" | "absence">;
  readonly descriptors: Pick<Descriptors, "inUse" | "limit">;
}

/** A composed daemon: it answers, and it can be stopped in an orderly way. */
export interface Daemon extends Stoppable {
  readonly handle: Handle;
  /** Refuses requests that keep a connection and do not go on. */
  relieve(): void;
  /** Whether it is working on an answer: not while it waits for a body. */
  isWorking(): boolean;
}

/** One of the product's processes. */
interface DaemonProgram<C extends DaemonConfig> {
  readonly name: ProgramName;
  readonly version: string;
  readConfig(env: (variable: string) => string | undefined): C;
  compose(config: C, ports: DaemonPorts): Promise<Daemon> | Daemon;
  /** Gives up, before it listens, whatever the daemon does not need from there on. */
  confine?(): void;
}

function readOrExit<C extends DaemonConfig>(
  program: DaemonProgram<C>,
  args: readonly string[],
): C {
  const [option, ...rest] = args;
  if (option === "--version") {
    print(`${program.name} ${program.version}`);
    Deno.exit(0);
  }
  const isKnown = option === undefined || option === "--print-config";
  if (!isKnown || rest.length > 0) {
    fail(
      `${program.name}: Cannot read the arguments: known are --print-config and --version`,
    );
    Deno.exit(EXIT_CONFIG);
  }
  try {
    const config = program.readConfig((variable) => Deno.env.get(variable));
    if (option === undefined) return config;
    const lines = config.lines.map(({ variable, ...line }) => [variable, line]);
    const shown = { who_may: config.whoMay, ...Object.fromEntries(lines) };
    print(JSON.stringify(shown, null, 2));
    for (const warning of config.warnings) fail(`Warning: ${warning}`);
    Deno.exit(0);
  } catch (error) {
    fail(`${program.name}: ${messageOf(error)}`);
    Deno.exit(EXIT_CONFIG);
  }
}

/** First of all: under some that a daemon inherits it could not use its own files. */
function setUmask(name: string, umask: string | undefined): void {
  try {
    if (umask !== undefined) Deno.umask(parseInt(umask, 8));
  } catch (error) {
    fail(`${name}: Cannot set the umask: ${messageOf(error)}`);
    Deno.exit(EXIT_CONFIG);
  }
}

function openLog(
  name: string,
  config: DaemonConfig,
  { redactor, instance }: {
    readonly redactor: Redactor;
    readonly instance: string;
  },
): { readonly log: Logger; flush(): void } {
  const options = { level: config.logLevel, clock: systemClock, redactor };
  const logsFolder = config.logsDir && join(config.logsDir, name);
  try {
    for (const folder of [...config.folders, logsFolder]) {
      if (folder === undefined) continue;
      Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    }
    const file = logsFolder === undefined
      ? undefined
      : new RotatingFile({ folder: logsFolder, family: name });
    // A person is shown it as it comes; /v1/logs and logs-mini.sh read the files.
    const terminal = Deno.stderr.isTerminal() ? stderrSink : undefined;
    const sink = file ?? (terminal === undefined ? stderrSink : undefined);
    // A leader and its standby write to the same folder.
    const log = createLogger({ ...options, sink, terminal }, { instance });
    return { log, flush: () => file?.flush() };
  } catch (error) {
    fail(`${name}: Cannot open the state and log folders: ${messageOf(error)}`);
    Deno.exit(EXIT_CONFIG);
  }
}

function exitOnUncaught(end: (error: unknown) => void): void {
  globalThis.addEventListener("error", (event) => {
    event.preventDefault();
    end(event.error);
  });
  globalThis.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    end(event.reason);
  });
}

/** Resolves at the first signal to stop; a second one exits at once. */
function firstSignal(flush: () => void): Promise<Deno.Signal> {
  return new Promise((resolve) => {
    let told = false;
    for (const [signal, code] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
      Deno.addSignalListener(signal, () => {
        if (told) {
          flush();
          Deno.exit(code);
        }
        told = true;
        resolve(signal);
      });
    }
    // A closed terminal is no reason to stop: that is for launchd or `start` to say.
    Deno.addSignalListener("SIGHUP", () => {});
  });
}

/** Resolves when this process is no longer a child of `pid`. */
async function parentGone(pid: number): Promise<string> {
  while (Deno.ppid === pid) await sleep(systemClock, PARENT_POLL_MS);
  return "parent gone";
}

function print(text: string): void {
  Deno.stdout.writeSync(encoder.encode(text + "\n"));
}

function fail(text: string): void {
  Deno.stderr.writeSync(encoder.encode(text + "\n"));
}
