import type { DatabaseSync, SQLInputValue, StatementSync } from "node:sqlite";
import type {
  BindValue,
  RestBindParameters,
  Statement as Declared,
} from "./mod.d.ts";
import { withSqliteErrors } from "./sqlite_error.ts";

/** The driver's statement with the member that its types leave out. */
interface ArrayStatement extends StatementSync {
  setReturnArrays(enabled: boolean): void;
}

/** A prepared statement; made by {@linkcode Database.prepare}. */
export class Statement<Row extends object = Record<string, unknown>>
  implements Declared<Row> {
  readonly #statement: ArrayStatement;
  readonly #int64: boolean;
  /** Whether its columns stay what they are, whatever becomes of the tables. */
  readonly #isFixed: boolean;
  #names: readonly string[] | undefined;

  constructor(db: DatabaseSync, sql: string, int64: boolean) {
    this.#statement = withSqliteErrors(() => db.prepare(sql)) as ArrayStatement;
    this.#statement.setReadBigInts(true);
    this.#statement.setReturnArrays(true);
    this.#int64 = int64;
    this.#isFixed = !sql.includes("*");
  }

  columnNames(): string[] {
    // A schema change re-prepares the statement behind our back.
    return this.#statement.columns().map((column) => column.name);
  }

  #columns(): readonly string[] {
    if (this.#isFixed) return this.#names ??= this.columnNames();
    return this.columnNames();
  }

  /** Runs to the end and returns how many rows the last change touched. */
  run(...params: RestBindParameters): number {
    return Number(this.#call("run", params).changes);
  }

  get<T extends object = Row>(...params: RestBindParameters): T | undefined {
    const row = this.#first(params);
    return row && this.#toObject<T>(row, this.#columns());
  }

  all<T extends object = Row>(...params: RestBindParameters): T[] {
    const rows = this.#rows(params);
    if (rows.length === 0) return [];
    const names = this.#columns();
    return rows.map((row) => this.#toObject<T>(row, names));
  }

  /** The first row as an array. */
  value<T extends unknown[] = unknown[]>(
    ...params: RestBindParameters
  ): T | undefined {
    return this.#first(params)?.map((it) => this.#toValue(it)) as T | undefined;
  }

  /** Every row as an array. */
  values<T extends unknown[] = unknown[]>(...params: RestBindParameters): T[] {
    return this.#rows(params).map((row) =>
      row.map((it) => this.#toValue(it)) as T
    );
  }

  /**
   * Rows one at a time; only as many are in memory as the caller keeps. The
   * runtime's driver takes a row that cannot be read for the end: count them.
   */
  *[Symbol.iterator](): IterableIterator<Row> {
    const rows = withSqliteErrors(() => this.#statement.iterate());
    let names: readonly string[] | undefined;
    try {
      while (true) {
        const next = withSqliteErrors(() => rows.next());
        if (next.done) return;
        names ??= this.#columns();
        yield this.#toObject<Row>(asArray(next.value), names);
      }
    } finally {
      // Left early, the statement would hold its read lock until collected.
      rows.return?.();
    }
  }

  #first(params: RestBindParameters): unknown[] | undefined {
    const row = this.#call("get", params);
    return row === undefined ? undefined : asArray(row);
  }

  #rows(params: RestBindParameters): unknown[][] {
    return this.#call("all", params).map(asArray);
  }

  #call<M extends "run" | "get" | "all">(
    method: M,
    params: RestBindParameters,
  ) {
    const call = () => this.#statement[method](...toInputs(params));
    return withSqliteErrors(call) as ReturnType<StatementSync[M]>;
  }

  #toObject<T>(row: readonly unknown[], names: readonly string[]): T {
    const result: Record<string, unknown> = {};
    let index = 0;
    for (const name of names) result[name] = this.#toValue(row[index++]);
    return result as T;
  }

  /** The driver is told to read integers as bigint, since it throws otherwise. */
  #toValue(value: unknown): unknown {
    if (typeof value !== "bigint") return value;
    if (!this.#int64) return Number(BigInt.asIntN(32, value));
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }
}

/** The driver types rows as objects even when it returns arrays. */
function asArray(row: unknown): unknown[] {
  return row as unknown[];
}

function toInputs(params: RestBindParameters): SQLInputValue[] {
  const [first] = params;
  if (isNamed(first)) {
    const named = Object.entries(first).map(([k, v]) => [k, toInput(v)]);
    // The driver takes named parameters as an object in front of the others.
    return [Object.fromEntries(named) as unknown as SQLInputValue];
  }
  return params.map((it) => toInput(it as BindValue));
}

function isNamed(
  value: RestBindParameters[0],
): value is Record<string, BindValue> {
  return typeof value === "object" && value !== null &&
    !(value instanceof Uint8Array);
}

function toInput(value: BindValue): SQLInputValue {
  switch (typeof value) {
    case "number":
      // The driver binds every number as REAL; the real package does not.
      return Number.isInteger(value) ? BigInt(value) : value;
    case "boolean":
      return value ? 1n : 0n;
    default:
      return value ?? null;
  }
}
