import { isIP } from "node:net";
import { printable } from "../../../shared/printable.ts";
import {
  type Machine,
  NOT_FOUND,
  reachable,
  type Service,
} from "../node/mod.ts";

/** A program that listens at a service's address. */
export interface PortHolder {
  /** Undefined: another user's, so this one may not know. */
  readonly pid: number | undefined;
  /** In words: the program and its pid. */
  readonly who: string;
  /** Whether it is the service's program, by what it was started as. */
  readonly isOurs: boolean;
}

/**
 * Tells who listens at `base`, and sends nothing there. Undefined when no
 * program of this machine can tell.
 */
export async function portHolders(
  base: string,
  { service, run }: Pick<Machine, "run"> & {
    readonly service: Pick<Service, "program">;
  },
): Promise<readonly PortHolder[] | undefined> {
  const { hostname, port } = reachable(base);
  const host = hostname.replace(/^\[|\]$/g, "");
  const sockets = await openSockets(port || "80", run);
  if (sockets === undefined) return undefined;
  const here = sockets.filter(({ address }) =>
    ["*", "0.0.0.0", "[::]", host, `[${host}]`].includes(address) ||
    // They tell numbers; which of them a name means, they do not.
    isIP(host) === 0
  );
  const programs = new Map(here.map(({ pid, command }) => [pid, command]));
  if (programs.size === 0) {
    const who = "a program of another user";
    return isInUse(host, Number(port || "80"))
      ? [{ pid: undefined, who, isOurs: false }]
      : [];
  }
  return await Promise.all(
    [...programs].map(async ([pid, command]) => {
      const ps = await run(["ps", "-ww", "-o", "args=", "-p", `${pid}`]);
      const own = new RegExp(
        `/(bin/${service.program}|${service.program}/main\\.ts)(\\s|$)`,
      );
      const who = `${printable(command.slice(0, 64))} (pid ${pid})`;
      return { pid, who, isOurs: own.test(ps.stdout) };
    }),
  );
}

interface Socket {
  readonly pid: number;
  readonly command: string;
  /** Without the port. */
  readonly address: string;
}

async function openSockets(
  port: string,
  run: Machine["run"],
): Promise<readonly Socket[] | undefined> {
  const limit = { timeoutMs: 5000 };
  const lsof = await run(
    ["lsof", "-nP", `-iTCP:${port}`, "-sTCP:LISTEN", "-Fpcn"],
    limit,
  );
  if (lsof.code !== NOT_FOUND) return socketsOfLsof(lsof.stdout);
  const ss = await run(["ss", "-Hltnp", `sport = :${port}`], limit);
  return ss.code === NOT_FOUND ? undefined : socketsOfSs(ss.stdout);
}

/** A field a line, told by its first letter: a process, its name, its sockets. */
function socketsOfLsof(stdout: string): readonly Socket[] {
  const sockets: Socket[] = [];
  let [pid, command] = [0, ""];
  for (const line of stdout.split("\n")) {
    const [field, value] = [line.slice(0, 1), line.slice(1)];
    if (field === "p") pid = Number(value);
    if (field === "c") command = value;
    if (field === "n") sockets.push({ pid, command, address: hostIn(value) });
  }
  return sockets;
}

/** `LISTEN 0 128 127.0.0.1:4317 0.0.0.0:* users:(("deno",pid=7,fd=3))`. */
function socketsOfSs(stdout: string): readonly Socket[] {
  return stdout.split("\n").flatMap((line) => {
    const address = hostIn(line.split(/ +/)[3] ?? "");
    return [...line.matchAll(/\("([^"]*)",pid=(\d+)/g)].map((
      [, command = "", pid],
    ) => ({ pid: Number(pid), command, address }));
  });
}

function hostIn(address: string): string {
  return address.slice(0, address.lastIndexOf(":"));
}

/** What lsof does not show of other users the system does not give away either. */
function isInUse(hostname: string, port: number): boolean {
  try {
    Deno.listen({ hostname, port }).close();
    return false;
  } catch (error) {
    return error instanceof Deno.errors.AddrInUse;
  }
}
