/** The part of a database that a transaction looks at. */
interface Connection {
  readonly inTransaction: boolean;
}

/** A function that runs in a transaction; see `Database.transaction()`. */
export interface Transaction<A extends unknown[], R, D extends Connection> {
  (...args: A): R;
  /** BEGIN */
  readonly default: Transaction<A, R, D>;
  /** BEGIN DEFERRED */
  readonly deferred: Transaction<A, R, D>;
  /** BEGIN IMMEDIATE */
  readonly immediate: Transaction<A, R, D>;
  /** BEGIN EXCLUSIVE */
  readonly exclusive: Transaction<A, R, D>;
  readonly database: D;
}

/** Runs one of the statements that begin and end transactions. */
type Control = (sql: string) => void;

/**
 * Wraps `fn` so that it commits when it returns and rolls back when it throws.
 * Inside another transaction it becomes a savepoint of it.
 */
export function transactionOf<
  A extends unknown[],
  R,
  D extends Connection,
>(
  database: D,
  control: Control,
  fn: (...args: A) => R,
): Transaction<A, R, D> {
  const wrap = (begin: string) => wrapped(database, control, { fn, begin });
  const variants = {
    default: wrap("BEGIN"),
    deferred: wrap("BEGIN DEFERRED"),
    immediate: wrap("BEGIN IMMEDIATE"),
    exclusive: wrap("BEGIN EXCLUSIVE"),
  };
  for (const variant of Object.values(variants)) {
    Object.assign(variant, variants, { database });
  }
  return variants.default as Transaction<A, R, D>;
}

function wrapped<A extends unknown[], R>(
  database: Connection,
  control: Control,
  { fn, begin }: {
    readonly fn: (...args: A) => R;
    readonly begin: string;
  },
): (...args: A) => R {
  return (...args) => {
    const nested = database.inTransaction;
    control(nested ? "SAVEPOINT nested" : begin);
    try {
      const result = fn(...args);
      control(nested ? "RELEASE nested" : "COMMIT");
      return result;
    } catch (error) {
      // SQLite may have rolled back by itself, e.g. when the disk is full.
      if (database.inTransaction) {
        control(nested ? "ROLLBACK TO nested" : "ROLLBACK");
        if (nested) control("RELEASE nested");
      }
      throw error;
    }
  };
}
