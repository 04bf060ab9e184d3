import type {
  Database as Connection,
  RestBindParameters,
  Statement,
} from "@db/sqlite";
import type { PooledConnection } from "./database_pool.ts";

/**
 * A connection to a real database that stops at each point where a process can
 * die, wait or be refused: ahead of each statement, of the begin and of the
 * commit of a transaction, and when that is on the disk and nobody knows it yet.
 */
export class FaultyConnection implements Pick<Connection, keyof Connection> {
  readonly path = ":memory:";
  readonly #real: PooledConnection;
  readonly #ports: FaultPorts;
  /** Who had the lease at each write that only its holder may do. */
  #written: LeaseHolder[] = [];

  constructor(real: PooledConnection, ports: FaultPorts) {
    this.#real = real;
    this.#ports = ports;
  }

  get inTransaction(): boolean {
    return this.#real.connection.inTransaction;
  }

  exec(sql: string, ...params: RestBindParameters): number {
    this.#ports.point("statement");
    return this.#real.connection.exec(sql, ...params);
  }

  prepare<T extends object = Record<string, unknown>>(
    sql: string,
  ): Statement<T> {
    const real = this.#real.prepare<T>(sql);
    const isWrite = AUTOMATION_WRITE.test(sql);
    const mark = sql.length;
    const stop = () => {
      this.#ports.point("statement", mark);
      if (isWrite) this.#written.push(this.#lease());
    };
    return {
      columnNames: () => real.columnNames(),
      run: (...params) => (stop(), real.run(...params)),
      get: (...params) => (stop(), real.get(...params)),
      all: (...params) => (stop(), real.all(...params)),
      value: (...params) => (stop(), real.value(...params)),
      values: (...params) => (stop(), real.values(...params)),
      [Symbol.iterator]: () => (stop(), real[Symbol.iterator]()),
    } as Statement<T>;
  }

  transaction<A extends unknown[], R>(action: (...args: A) => R) {
    const ports = this.#ports;
    const outermost = (...args: A): R => {
      ports.point("begin");
      this.#written = [];
      const result = this.#real.connection.transaction(() => {
        const result = action(...args);
        ports.point("commit");
        return result;
      }).immediate();
      for (const lease of this.#written) ports.onAutomationWrite(lease);
      ports.point("committed");
      return result;
    };
    const inner = this.#real.connection.transaction(action);
    const either = (...args: A) =>
      this.inTransaction ? inner(...args) : outermost(...args);
    return Object.assign(either, { deferred: either, immediate: either });
  }

  /** As the end of its process does, too: what was not committed is gone. */
  close(): void {
    this.#real.rollBack();
  }

  #lease(): LeaseHolder {
    const lease = this.#real.prepare("SELECT instance_id, term FROM lease")
      .get<LeaseHolder>();
    if (lease === undefined) throw new Error("Cannot read the lease");
    return lease;
  }
}

/** Where a process may die, wait or be refused. */
export type FaultPoint = "statement" | "begin" | "commit" | "committed";

interface FaultPorts {
  /** Called at each point; `mark` tells statements apart. May throw. */
  point(kind: FaultPoint, mark?: number): void;
  /** Called when what only a leader may write is on the disk. */
  onAutomationWrite(lease: LeaseHolder): void;
}

/** Who has the lease as a transaction sees it. */
export interface LeaseHolder {
  readonly instance_id: string | null;
  readonly term: number;
}

/** Only the holder of the lease changes these. */
const AUTOMATION_WRITE =
  /^\s*(?:INSERT(?: OR \w+)? INTO|UPDATE|DELETE FROM) (?:tasks|runs|schedules|automation|task_logs|notifications)\b/;
