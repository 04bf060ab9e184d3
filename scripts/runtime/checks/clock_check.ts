import type { Database } from "@db/sqlite";
import { isoTime } from "../../../shared/clock.ts";
import { readDatabase } from "../../database.ts";
import { type Finding, type Machine, ok, warning } from "../node/mod.ts";

/** Less is what rows that were written at once are out of order by. */
const JUMP_MS = 60_000;
const ROWS = 20_000;

/**
 * Tells by the rows of the audit trail and of the events whether the clock has
 * gone back: each comes after the one before, and none is of tomorrow.
 */
export function clockCheck(
  path: string,
  { clock, os }: Pick<Machine, "clock" | "os">,
): readonly Finding[] {
  let tables: readonly Times[];
  try {
    tables = readDatabase(
      path,
      (it) => ["audit", "events"].map((table) => timesOf(it, table)),
    );
  } catch {
    return []; // What ails the database is said by its own check.
  }
  const now = clock.now();
  const latest = Math.max(...tables.map((it) => it.latest));
  const { back, at } = tables.reduce((a, b) => a.back > b.back ? a : b);
  if (latest > now + JUMP_MS) {
    const rows = `the database has rows of ${isoTime(latest)}`;
    return [jumps(`${rows}, and it is ${isoTime(now)}`, os)];
  }
  const seconds = Math.round(back / 1000);
  return [
    back > JUMP_MS
      ? jumps(`at ${isoTime(at)} the clock went back by ${seconds} s`, os)
      : ok("clock", "it has not gone back, by what is recorded"),
  ];
}

interface Times {
  readonly latest: number;
  /** By how much the time of a row lies before that of the row ahead of it, at most. */
  readonly back: number;
  /** When that was. */
  readonly at: number;
}

function timesOf(database: Database, table: string): Times {
  const [latest, back, at] = database.prepare(
    `SELECT max(latest), max(back), at FROM (
       SELECT at, max(at) OVER () AS latest,
         lag(at, 1, at) OVER (ORDER BY seq) - at AS back
       FROM (SELECT seq, at FROM ${table} ORDER BY seq DESC LIMIT ${ROWS})
       ORDER BY back DESC LIMIT 1)`,
  ).value() ?? [];
  return { latest: Number(latest), back: Number(back), at: Number(at) };
}

/** Tells whether the clock moves against the one that never jumps, meanwhile. */
export function watchClock(
  { clock, os }: Pick<Machine, "clock" | "os">,
): () => readonly Finding[] {
  const offset = () => clock.now() - clock.monotonic();
  const before = offset();
  return () => {
    const moved = Math.round(offset() - before);
    return Math.abs(moved) < 1000
      ? []
      : [jumps(`it moved by ${moved} ms while this ran`, os)];
  };
}

function jumps(seen: string, os: Machine["os"]): Finding {
  return warning(
    "clock",
    `${seen}: schedules, retries and tokens that go by it come late or twice`,
    os === "darwin"
      ? "sudo systemsetup -setusingnetworktime on; sudo sntp -sS time.apple.com"
      : "sudo timedatectl set-ntp true",
  );
}
