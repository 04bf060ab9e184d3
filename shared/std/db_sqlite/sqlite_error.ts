/** A failure that SQLite reported. */
export class SqliteError extends Error {
  override readonly name = "SqliteError";
  /** SQLite's primary result code, e.g. 5 busy, 13 full, 19 constraint. */
  readonly code: number;

  constructor(code = 1, message = "Unknown Error", options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }
}

/**
 * Runs `action`, turning what the runtime's driver throws into what the real
 * package throws: the primary result code where the driver knows it (it does
 * for statements, not for scripts), a plain `Error` with the message otherwise.
 */
export function withSqliteErrors<T>(action: () => T): T {
  try {
    return action();
  } catch (error) {
    const { errcode } = error as { readonly errcode?: unknown };
    if (!(error instanceof Error) || typeof errcode !== "number") throw error;
    throw new SqliteError(errcode & 0xff, error.message, { cause: error });
  }
}
