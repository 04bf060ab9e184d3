import { resolve } from "@std/path";
import { DaemonLogs, LOGGED_SERVICES } from "../../../shared/daemon_logs.ts";
import { formatReadable } from "../../../shared/log.ts";
import { Redactor } from "../../../shared/redact.ts";
import { sleep } from "../../../shared/wait.ts";
import {
  EXIT,
  type ExitCode,
  findInstalled,
  type Flags,
  runningSettings,
  UsageError,
} from "../node/mod.ts";
import type { Ports } from "../launchd/mod.ts";

/** So often it is looked for what has come. */
const LOOK_MS = 200;
const BATCH = 200;
const SIGNALS = ["SIGINT", "SIGTERM"] as const;

/** Shows the last lines of the services' logs, and with `--follow` those that come. */
export async function logsMini(
  { services: named, scope, follow, level, tail }: Flags,
  { machine, terminal }: Ports,
): Promise<ExitCode> {
  const services = LOGGED_SERVICES.filter((it) => named.includes(it));
  const silent = named.find((it) => !services.some((own) => own === it));
  if (silent !== undefined) {
    throw new UsageError(
      `--service is "${silent}", which keeps no log of its own: give one of ` +
        `${LOGGED_SERVICES.join(", ")}, or read the file that its ` +
        "StandardErrorPath names",
    );
  }
  const installed = await findInstalled(
    scope,
    machine.environment["HOME"] ?? "/",
  );
  const logsDir = resolve(
    runningSettings(installed, machine)["BAA_LOGS_DIR"] ?? "logs",
  );
  const redactor = new Redactor();
  const logs = new DaemonLogs({ logsDir, services, redactor });
  const stop = new AbortController();
  const end = () => stop.abort();
  if (follow) SIGNALS.forEach((it) => Deno.addSignalListener(it, end));
  const isColoured = Deno.stdout.isTerminal() && !Deno.noColor;
  let part = await logs.read({ limit: tail, level });
  const ends = Object.values(await logs.ends());
  if (ends.every((it) => it === 0)) {
    terminal.warn(`No log of ${services.join(" or ")} is in ${logsDir} yet`);
  }
  while (true) {
    for (const { request_id, fields, ...line } of part.entries) {
      const shown = { ...request_id !== null && { request_id }, ...fields };
      const text = formatReadable({ ...line, fields: shown });
      if (!print(isColoured ? coloured(text, line.level) : text)) {
        return EXIT.ok;
      }
    }
    if (!follow) return EXIT.ok;
    if (part.entries.length === 0) {
      await sleep(machine.clock, LOOK_MS, stop.signal);
    }
    if (stop.signal.aborted) return EXIT.ok;
    const after = part.entries.at(-1)?.places ?? part.places;
    part = await logs.read({ limit: BATCH, level, after });
  }
}

/** Tells whether anybody reads it still: `head` has left when it has seen enough. */
function print(line: string): boolean {
  const bytes = new TextEncoder().encode(`${line}\n`);
  try {
    for (let at = 0; at < bytes.length;) {
      at += Deno.stdout.writeSync(bytes.subarray(at));
    }
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw error;
  }
}

const COLOURS = { debug: 2, info: 36, warn: 33, error: 31 } as const;

/** The text shows every control character by its escape: these are the only ones. */
function coloured(text: string, level: keyof typeof COLOURS): string {
  const [time = "", word = "", ...rest] = text.split(/(?<=^\S+ +)(\S+)/);
  return `\x1b[2m${time}\x1b[0m\x1b[${COLOURS[level]}m${word}\x1b[0m${
    rest.join("")
  }`;
}
