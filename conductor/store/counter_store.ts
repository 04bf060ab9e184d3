import type { TaskStatus } from "./model/task.ts";
import type { Database } from "./database.ts";

/** How many rows there are, kept up to date so that nobody has to count. */
export class CounterStore {
  readonly #db: Database;

  constructor(db: Database) {
    this.#db = db;
  }

  tasks(status: TaskStatus): number {
    return this.#read(`tasks.${status}`);
  }

  finishedTasks(): number {
    return this.tasks("succeeded") + this.tasks("failed") +
      this.tasks("canceled");
  }

  logLines(): number {
    return this.#read("task_logs");
  }

  /** Counts log lines that were added, or removed when negative. */
  addLogLines(count: number): void {
    this.#db.run(
      "UPDATE counters SET value = value + ? WHERE name = 'task_logs'",
      count,
    );
  }

  #read(name: string): number {
    return this.#db.get<{ value: number }>(
      "SELECT value FROM counters WHERE name = ?",
      name,
    )?.value ?? 0;
  }
}
