import { open } from "node:fs/promises";
import type { Fault } from "./point.ts";

/** What {@linkcode watchCalls} says on standard output, at the start of a line. */
export const CALL_MARKS = {
  point: "baa-point",
  hit: "baa-hit",
  /** It has done what it was to do, and waits to be killed. */
  dead: "baa-dead",
} as const;

/** Which calls are counted, and which one fails. */
export interface WatchedCalls {
  /** Folders, each with what is written there; the first that fits counts. */
  readonly roots: readonly (readonly [where: string, folder: string])[];
  /** What is written through a handle of `node:fs`, which tells no path. */
  readonly handles: string;
  readonly target?: {
    readonly where: string;
    readonly nth: number;
    readonly fault: Fault;
  };
}

/**
 * Counts the calls by which this process writes files, and has one of them fail;
 * loaded ahead of a daemon. A full disk takes a half before it refuses the
 * rest; a process that is killed has done all or, of contents, a half.
 */
export function watchCalls(watched: WatchedCalls): void {
  const { roots, target } = watched;
  const counts = new Map<string, number>();

  /** What this call meets, if anything. */
  const reach: Reach = (op, path, known) => {
    const where = known ?? roots.find(([, it]) => path.startsWith(it))?.[0];
    if (where === undefined) return undefined;
    const nth = (counts.get(where) ?? 0) + 1;
    counts.set(where, nth);
    if (target === undefined) say(CALL_MARKS.point, where, op, path);
    if (target?.where !== where || target.nth !== nth) return undefined;
    say(CALL_MARKS.hit, where, op, path);
    return target.fault;
  };
  watchPaths(reach);
  watchFiles(reach);
  void watchHandles(reach, watched.handles);
}

function watchPaths(reach: Reach): void {
  for (const op of OF_PATHS) {
    for (const name of [op, `${op}Sync`]) {
      const original = CALLS[name];
      if (original === undefined) continue;
      CALLS[name] = (...args) => {
        if (op === "open" && !isWriting(args[1])) return original(...args);
        const fault = reach(op, pathOf(op, args));
        if (fault === undefined) return original(...args);
        const isSync = name.endsWith("Sync");
        if (!isSync) return failLater(fault, op, () => original(...args));
        if (fault === "kill") original(...args);
        throw failure(fault, op);
      };
    }
  }
  for (const op of ["writeFile", "writeTextFile"]) {
    for (const name of [op, `${op}Sync`]) {
      const original = CALLS[name];
      if (original === undefined) continue;
      CALLS[name] = (...args) => {
        const fault = reach(op, String(args[0]));
        if (fault === undefined) return original(...args);
        const [path, content, ...options] = args as [string, string, unknown];
        const half = () =>
          fault === "EIO"
            ? undefined
            : original(path, content.slice(0, content.length / 2), ...options);
        if (!name.endsWith("Sync")) return failLater(fault, op, half, true);
        half();
        throw failure(fault, op);
      };
    }
  }
}

function watchFiles(reach: Reach): void {
  const paths = new WeakMap<object, string>();
  const full = new WeakSet<object>();
  for (const name of ["open", "openSync"] as const) {
    const original = CALLS[name] as Call;
    const known = (file: unknown, path: unknown) => {
      paths.set(file as object, String(path));
      return file;
    };
    CALLS[name] = (...args) => {
      const file = original(...args);
      return file instanceof Promise
        ? file.then((it) => known(it, args[0]))
        : known(file, args[0]);
    };
  }
  const proto = Deno.FsFile.prototype as unknown as Record<string, Call>;
  for (const op of ["write", "sync", "syncData", "truncate"]) {
    for (const name of [op, `${op}Sync`]) {
      const original = proto[name] as Call;
      proto[name] = function (this: object, ...args) {
        const path = paths.get(this);
        if (op === "write" && full.delete(this)) throw failure("ENOSPC", op);
        const fault = path === undefined ? undefined : reach(op, path);
        if (fault === undefined) return original.apply(this, args);
        if (op !== "write" || fault === "EIO") {
          const act = () => original.apply(this, args);
          if (!name.endsWith("Sync")) return failLater(fault, op, act);
          if (fault === "kill") act();
          throw failure(fault, op);
        }
        const bytes = args[0] as Uint8Array;
        const half = original.call(
          this,
          bytes.subarray(0, Math.max(1, bytes.length / 2)),
        );
        if (fault === "ENOSPC") {
          full.add(this);
          return half;
        }
        if (!(half instanceof Promise)) die();
        return (half as Promise<unknown>).then(die);
      };
    }
  }
}

/** Files that only `node:fs` opens as they are to be opened. */
async function watchHandles(reach: Reach, where: string): Promise<void> {
  await using handle = await open("/dev/null");
  const proto = Object.getPrototypeOf(handle) as Record<string, Call>;
  for (const op of ["write", "truncate", "sync", "chmod"]) {
    const original = proto[op] as Call;
    proto[op] = function (this: object, ...args) {
      const fault = reach(op, "a handle", where);
      if (fault === undefined) return original.apply(this, args);
      if (op === "write" && fault === "kill") {
        const [bytes, at, length, position] = args as number[];
        const half = Math.max(1, Math.floor((length ?? 0) / 2));
        args = [bytes, at, half, position];
      }
      return failLater(fault, op, () => original.apply(this, args));
    };
  }
}

/** Answers as a call does that works on another thread. */
async function failLater(
  fault: Fault,
  op: string,
  act: () => unknown,
  isHalf = false,
): Promise<never> {
  if (fault === "kill" || isHalf) await act();
  throw failure(fault, op);
}

/** What the runtime says of it; of a kill nobody hears. */
function failure(fault: Fault, op: string): Error {
  if (fault === "kill") die();
  const [text, errno] = fault === "EIO"
    ? ["Input/output error", 5]
    : ["No space left on device", 28];
  const error = new Error(`${text} (os error ${errno}): ${op}`);
  return Object.assign(error, { code: fault });
}

/** Does nothing more; who started this kills it. */
function die(): never {
  say(CALL_MARKS.dead);
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  throw new Error("Cannot come here");
}

function say(...words: readonly string[]): void {
  Deno.stdout.writeSync(new TextEncoder().encode(words.join("\t") + "\n"));
}

function isWriting(options: unknown): boolean {
  const { write, append, create, createNew } = (options ?? {}) as Record<
    string,
    boolean
  >;
  return Boolean(write || append || create || createNew);
}

/** What takes a place is known by the place. */
function pathOf(op: string, args: readonly unknown[]): string {
  const isMove = op === "rename" || op === "link" || op === "copyFile";
  return String(args[isMove ? 1 : 0]);
}

const CALLS = Deno as unknown as Record<string, Call>;
const OF_PATHS = [
  "open",
  "mkdir",
  "remove",
  "rename",
  "link",
  "copyFile",
  "truncate",
  "chmod",
  "chown",
];

type Call = (...args: unknown[]) => unknown;

type Reach = (op: string, path: string, where?: string) => Fault | undefined;
