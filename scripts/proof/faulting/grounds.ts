import { join } from "@std/path";
import { COPY, tryBackup } from "./backup_copy.ts";
import { CODEXD } from "./codexd_subject.ts";
import { CONDUCTOR, CONDUCTOR_PLACES } from "./conductor_subject.ts";
import { CALL_MARKS } from "./faulty_calls.ts";
import type { Fault, Injection, Point } from "./point.ts";
import {
  countingShells,
  countingTrace,
  failingShells,
  failingTrace,
  pointsIn,
  shellPointsIn,
  tracesIn,
} from "./traced.ts";
import { runTrial, type Subject, type Trial, watching } from "./trial.ts";

/** Places that are written by the same means, and how their writes fail. */
export interface Ground {
  readonly places: readonly string[];
  /** Whether it takes strace. */
  readonly isTraced: boolean;
  /** Has the work done once, with nothing that fails. */
  count(): Promise<Point[]>;
  /** Has the work done once, with one fault. `plant` is code that is loaded too. */
  fail(point: Point, fault: Fault, plant?: string): Promise<Trial>;
}

const { database, files, staging, jobs, backups, logs, state } =
  CONDUCTOR_PLACES;

/** All that the daemons write. */
export const GROUNDS: readonly Ground[] = [
  traced("database", [database, `${database}-journal`], ofConductor),
  traced("wal", [`${database}-wal`, `${database}-shm`], ofConductor),
  traced("backup copy", [COPY], tryBackup),
  shells(),
  called(CONDUCTOR, "files", [
    ["files", files],
    ["files", staging],
    ["jobs", jobs],
    ["backups", backups],
    ["logs", logs],
    ["state", state],
  ]),
  called(CODEXD, "codexd files", [
    ["codexd logs", "logs"],
    ["codexd state", "state"],
  ]),
];

function ofConductor(
  inject: (folder: string) => Injection,
  fault?: Fault,
): Promise<Trial> {
  return runTrial(CONDUCTOR, inject, fault === "kill");
}

function traced(
  where: string,
  below: readonly string[],
  run: typeof ofConductor,
): Ground {
  const pathsIn = (folder: string) => below.map((it) => join(folder, it));
  return {
    places: [where],
    isTraced: true,
    async count() {
      const file = await Deno.makeTempFile();
      try {
        const { verdict } = await run((folder) =>
          countingTrace(pathsIn(folder), file)
        );
        expectNothing(verdict);
        return pointsIn(await Deno.readTextFile(file), where);
      } finally {
        await Deno.remove(file);
      }
    },
    fail: (point, fault) =>
      run((folder) => {
        const file = join(folder, "trace");
        return failingTrace(point, fault, { paths: pathsIn(folder), file });
      }, fault),
  };
}

/** What a waiting shell moves into its place, and what keeps a surviving run. */
function shells(): Ground {
  const where = "shells";
  return {
    places: [where],
    isTraced: true,
    async count() {
      let traces = "";
      const { verdict } = await runTrial(CONDUCTOR, async (folder) => ({
        ...await countingShells(folder),
        isReached: async () => (traces = await tracesIn(folder)) !== "",
      }));
      expectNothing(verdict);
      return shellPointsIn(traces, where);
    },
    fail: (point, fault) =>
      runTrial(CONDUCTOR, (folder) => failingShells(folder, point, fault)),
  };
}

function called(
  subject: Subject,
  handles: string,
  below: readonly (readonly [where: string, below: string])[],
): Ground {
  const rootsIn = (folder: string) =>
    below.map(([where, it]) => [where, join(folder, it)] as const);
  return {
    places: [...new Set(below.map(([where]) => where))],
    isTraced: false,
    async count() {
      const { verdict, said } = await runTrial(
        subject,
        (folder) => watching(folder, { roots: rootsIn(folder), handles }),
      );
      expectNothing(verdict);
      const counts = new Map<string, number>();
      return said.flatMap(([mark, where = "", op = "", path = ""]) => {
        if (mark !== CALL_MARKS.point) return [];
        const nth = (counts.get(where) ?? 0) + 1;
        counts.set(where, nth);
        return [{ where, op, nth, path }];
      });
    },
    fail: ({ where, nth }, fault, plant) =>
      runTrial(subject, (folder) => {
        const roots = rootsIn(folder);
        const target = { where, nth, fault };
        return watching(folder, { roots, handles, target }, plant);
      }, fault === "kill"),
  };
}

/** What goes wrong while nothing fails is no fault's doing. */
function expectNothing(verdict: Trial["verdict"]): void {
  const wrong = Object.values(verdict).flat();
  if (wrong.length === 0) return;
  throw new Error(`Cannot count the writes: ${wrong.join("; ")}`);
}
