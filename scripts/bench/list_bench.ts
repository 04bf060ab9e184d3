import { writeCursor } from "../../shared/page.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { type SharedState, sharedState } from "../testing/state.ts";
import { fillDatabase, LOGGED_TASK } from "./fill_database.ts";
import { type BenchRow, interleave, ms, quantile } from "./harness.ts";

const FEW = 1_000;
const MANY = 1_000_000;
const ROUNDS = 300;
const WARM_UP = 30;

/** The first and the last page of each list, as a path and the cursor's list. */
const LISTS = [
  ["/v1/tasks", "tasks", 21],
  ["/v1/tasks?status=failed", "tasks", 21],
  ["/v1/tasks?kind=codex", "tasks", 21],
  ["/v1/tasks?label=all", "tasks", 21],
  ["/v1/tasks?status=succeeded&kind=codex&label=rare", "tasks", 21],
  ["/v1/runs", "runs", 21],
  ["/v1/runs?status=failed", "runs", 21],
  [`/v1/tasks/${LOGGED_TASK}/logs`, "task_logs", -20],
  ["/v1/audit", "audit", 21],
  ["/v1/audit?action=tasks.create", "audit", 21],
] as const;

/** Lists with a thousand and with a million rows, and the start with them. */
export async function listBench(): Promise<readonly BenchRow[]> {
  await using few = await filled(FEW);
  await using many = await filled(MANY);
  const starts = { few: [] as number[], many: [] as number[] };
  for (let round = 0; round < 5; round++) {
    for (const [name, state] of [["few", few], ["many", many]] as const) {
      await using daemon = await started(state);
      starts[name].push(daemon.readyMs);
    }
  }
  await using small = await started(few);
  await using large = await started(many);
  const rows: BenchRow[] = [
    row("start to ready", starts.few, starts.many, 0.5),
  ];
  for (const [path, list, end] of LISTS) {
    for (const page of ["first", "last"] as const) {
      const at = (count: number) => {
        if (page === "first") return path;
        const cursor = writeCursor(list, end > 0 ? end : count + end);
        return `${path}${path.includes("?") ? "&" : "?"}cursor=${cursor}`;
      };
      const actions = {
        one: () => get(small, at(FEW)),
        other: () => get(large, at(MANY)),
      };
      await interleave(actions, WARM_UP);
      const { one, other } = await interleave(actions, ROUNDS);
      rows.push(row(`GET ${path}, ${page} page`, one, other, 0.99));
    }
  }
  return rows;
}

async function filled(count: number): Promise<SharedState> {
  const state = await sharedState();
  fillDatabase(state.folder, count);
  return state;
}

function started(state: SharedState): Promise<RunningDaemon> {
  return startDaemon("conductor", {
    ...state.env,
    BAA_RETENTION_ROWS: String(10 * MANY),
  });
}

async function get({ origin }: RunningDaemon, path: string): Promise<void> {
  const response = await fetch(origin + path);
  const { ok, error } = await response.json();
  if (!ok) throw new Error(`Cannot get ${path}: ${error.message}`);
}

function row(
  name: string,
  few: readonly number[],
  many: readonly number[],
  share: number,
): BenchRow {
  const [a, b] = [quantile(few, share), quantile(many, share)];
  return {
    name: `${name}, p${share * 100}`,
    ours: `${ms(b)} at 1 000 000`,
    floor: `${ms(a)} at 1 000`,
    ratio: `${(b / a).toFixed(2)} ×`,
    target: "≤ 1.50 ×",
    met: b / a <= 1.5,
  };
}
