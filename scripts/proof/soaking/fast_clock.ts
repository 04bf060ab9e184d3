/**
 * Makes time pass faster for a daemon that is started with this file before it,
 * `--preload=fast_clock.ts?speed=48&since=<ms>&from=<ms>`: what was `since` on
 * the machine's clock was `from` on the daemon's. All daemons of one soak have
 * one time.
 *
 * Dates, the monotonic clock, timers and the times of files go by it alike: a
 * lease that ends by one of them and is renewed by another would be lost. Waits
 * of up to a second stay as they are, and no longer one gets shorter than that:
 * those are for the machine (a process that starts, a disk, a socket), which is
 * as fast as it was.
 */
const { searchParams } = new URL(import.meta.url);
const given = (name: string) => Number(searchParams.get(name));
const speed = given("speed");
const since = given("since");
const from = given("from");
type Waiting = (action: () => void, ms: number, ...rest: unknown[]) => unknown;

const MACHINE_MS = 1000;

const RealDate = Date;
const realNow = Date.now;
const realMonotonic = performance.now.bind(performance);
const wait: Waiting = globalThis.setTimeout;
const repeat: Waiting = globalThis.setInterval;
const abortAfter = AbortSignal.timeout;

function fastTime(ms: number): number {
  return Math.round(from + (ms - since) * speed);
}

function fastNow(): number {
  return fastTime(realNow());
}

function waitOf(ms = 0): number {
  return ms <= MACHINE_MS ? ms : Math.max(MACHINE_MS, ms / speed);
}

RealDate.now = fastNow;
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) =>
    Reflect.construct(target, args.length === 0 ? [fastNow()] : args, self),
  apply: () => new RealDate(fastNow()).toString(),
});
performance.now = () => realMonotonic() * speed;
Object.assign(globalThis, {
  setTimeout: (action: () => void, ms?: number, ...rest: unknown[]) =>
    wait(action, waitOf(ms), ...rest),
  setInterval: (action: () => void, ms?: number, ...rest: unknown[]) =>
    repeat(action, waitOf(ms), ...rest),
});
AbortSignal.timeout = (ms) => abortAfter.call(AbortSignal, waitOf(ms));

/** The kernel stamps files by the machine's clock. */
function seen(info: Deno.FileInfo): Deno.FileInfo {
  const shifted = (time: Date | null) =>
    time && new RealDate(fastTime(time.getTime()));
  const { mtime, atime, ctime, birthtime } = info;
  return Object.assign(info, {
    mtime: shifted(mtime),
    atime: shifted(atime),
    ctime: shifted(ctime),
    birthtime: shifted(birthtime),
  });
}

const { stat, lstat, statSync, lstatSync } = Deno;
const { stat: fileStat, statSync: fileStatSync } = Deno.FsFile.prototype;
Object.assign(Deno, {
  stat: async (path: string | URL) => seen(await stat(path)),
  lstat: async (path: string | URL) => seen(await lstat(path)),
  statSync: (path: string | URL) => seen(statSync(path)),
  lstatSync: (path: string | URL) => seen(lstatSync(path)),
});
Object.assign(Deno.FsFile.prototype, {
  async stat(this: Deno.FsFile) {
    return seen(await fileStat.call(this));
  },
  statSync(this: Deno.FsFile) {
    return seen(fileStatSync.call(this));
  },
});
