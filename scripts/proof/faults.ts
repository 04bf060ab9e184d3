// deno-lint-ignore-file no-console -- a script talks to a terminal
import { parseArgs } from "node:util";
import { type Ground, GROUNDS } from "./faulting/grounds.ts";
import { type Fault, FAULTS, type Point } from "./faulting/point.ts";
import { hasStrace } from "./faulting/traced.ts";
import type { Trial } from "./faulting/trial.ts";

/**
 * Has each write of the daemons fail once, in each way, and prints what came of
 * it; a fault that did harm is printed with the command that replays it.
 * Returns whether none did.
 */
export async function faults(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      points: { type: "string", default: "40" },
      only: { type: "string" },
      replay: { type: "string" },
      workers: {
        type: "string",
        default: `${navigator.hardwareConcurrency}`,
      },
    },
  });
  const only = values.replay?.split(":")[0] ?? values.only;
  const most = values.points === "all" ? Infinity : Number(values.points);
  const workers = Number(values.workers);
  if (!(most >= 1) || !(workers >= 1)) {
    console.error("--points must be a number or all, --workers a number");
    return false;
  }
  const grounds = GROUNDS.filter(({ places }) =>
    only === undefined || places.includes(only)
  );
  if (grounds.length === 0) {
    const names = GROUNDS.flatMap(({ places }) => places).join(", ");
    console.error(`No place "${only}". Known: ${names}`);
    return false;
  }
  const hasTrace = await hasStrace();
  const trials: Planned[] = [];
  for (const ground of grounds) {
    if (ground.isTraced && !hasTrace) {
      console.log(
        `${ground.places} left out: SQLite's writes need strace, and the right to use it`,
      );
    } else if (values.replay !== undefined) {
      trials.push(replayed(ground, values.replay));
    } else {
      for (const [where, points] of byPlace(await ground.count())) {
        if (only !== undefined && where !== only) continue;
        const chosen = spread(points, most);
        console.log(`${where}: ${chosen.length} of ${points.length} writes`);
        for (const point of chosen) {
          for (const fault of point.faults ?? FAULTS) {
            trials.push({ ground, point, fault });
          }
        }
      }
    }
  }
  const rows = new Map<string, Row>();
  const next = trials.values();
  await Promise.all(Array.from({ length: workers }, async () => {
    for (const planned of next) {
      const trial = await planned.ground.fail(planned.point, planned.fault);
      note(rows, planned, trial);
    }
  }));
  printTable(rows);
  return [...rows.values()].every(({ harm }) => harm === 0);
}

function note(
  rows: Map<string, Row>,
  { point, fault }: Planned,
  { verdict, isReached }: Trial,
): void {
  const key = `${point.where} | ${fault}`;
  const row = rows.get(key) ??
    { reached: 0, corrupt: 0, lost: 0, unrecovered: 0, harm: 0 };
  rows.set(key, row);
  const what = Object.entries(verdict).filter(([, told]) => told.length > 0);
  if (isReached) row.reached++;
  for (const [kind] of what) row[kind as keyof Trial["verdict"]]++;
  if (what.length === 0) return;
  row.harm++;
  const { where, op, nth, path } = point;
  console.log(`\n${fault} at ${op} of ${path || where}`);
  for (const [kind, told] of what) console.log(`  ${kind}: ${told.join("; ")}`);
  console.log(
    `  deno task proof faults --replay "${where}:${op}:${nth}:${fault}"`,
  );
}

function printTable(rows: ReadonlyMap<string, Row>): void {
  console.log("\n| where | fault | writes | corrupt | lost | not recovered |");
  console.log("| --- | --- | ---: | ---: | ---: | ---: |");
  for (const [key, row] of [...rows].sort(([a], [b]) => a < b ? -1 : 1)) {
    const { reached, corrupt, lost, unrecovered } = row;
    console.log(
      `| ${key} | ${reached} | ${corrupt} | ${lost} | ${unrecovered} |`,
    );
  }
}

function replayed(ground: Ground, replay: string): Planned {
  const [where = "", op = "", nth, fault] = replay.split(":");
  if (!FAULTS.some((it) => it === fault) || !(Number(nth) > 0)) {
    throw new Error(`Cannot replay ${replay}: <where>:<call>:<number>:<fault>`);
  }
  const point = { where, op, nth: Number(nth), path: "" };
  return { ground, point, fault: fault as Fault };
}

function byPlace(points: readonly Point[]): [string, Point[]][] {
  const grouped = Object.groupBy(points, ({ where }) => where);
  return Object.entries(grouped).map(([where, it = []]) => [where, it]);
}

/** Returns so many of them, from the first to the last. */
function spread(points: readonly Point[], most: number): readonly Point[] {
  if (points.length <= most) return points;
  const step = (points.length - 1) / Math.max(1, most - 1);
  return Array.from(
    { length: most },
    (_, index) => points[Math.round(index * step)],
  ).filter((it) => it !== undefined);
}

interface Planned {
  readonly ground: Ground;
  readonly point: Point;
  readonly fault: Fault;
}

/** What came of the faults of one kind in one place. */
interface Row {
  /** How many writes have failed; work does not go the same way each time. */
  reached: number;
  corrupt: number;
  lost: number;
  unrecovered: number;
  /** How many did any harm. */
  harm: number;
}
