import { SqliteError } from "@db/sqlite";
import { AppError, messageOf } from "../../shared/errors.ts";

/**
 * The database could not do it now, through no fault of the request: nothing
 * was changed, and, unless it is damaged, the same may succeed later.
 */
export class StorageError extends AppError {
  readonly trouble: StorageTrouble;

  constructor(
    trouble: StorageTrouble,
    cause?: unknown,
    { message = REASONS[trouble] }: { readonly message?: string } = {},
  ) {
    super("NOT_READY", message, {
      cause,
      details: { reason: `database_${trouble}` },
      ...((trouble === "damaged" || trouble === "moved") &&
        { retryable: false }),
    });
    this.trouble = trouble;
  }
}

/** What keeps the database from being used just now; `damaged` and `moved`: until a person mends it. */
type StorageTrouble = "busy" | "full" | "unusable" | "damaged" | "moved";

const REASONS: Readonly<Record<StorageTrouble, string>> = {
  busy: "Cannot use the database: another process is writing to it",
  full: "Cannot write to the database: the disk is full",
  unusable: "Cannot use the database: the disk does not read or write",
  damaged: "Cannot use the database: the file is damaged",
  moved:
    "Cannot use the database: its files were moved, replaced or removed while conductor used them",
};

/** SQLite's result codes that say something about the place, not the request. */
const TROUBLES: ReadonlyMap<number, StorageTrouble> = new Map([
  [5, "busy"],
  [6, "busy"],
  [8, "unusable"],
  [10, "unusable"],
  [11, "damaged"],
  [13, "full"],
  [14, "unusable"],
  [26, "damaged"],
]);

/** Failures of scripts come without a code. */
const MESSAGES: readonly (readonly [string, StorageTrouble])[] = [
  ["database is locked", "busy"],
  ["database or disk is full", "full"],
  ["disk I/O error", "unusable"],
  ["database disk image is malformed", "damaged"],
  ["file is not a database", "damaged"],
  ["unable to open database file", "unusable"],
  ["attempt to write a readonly database", "unusable"],
];

/** Returns `thrown` as a {@linkcode StorageError} when it is one, else as it is. */
export function toStorageError(thrown: unknown): unknown {
  const trouble = thrown instanceof SqliteError
    ? TROUBLES.get(thrown.code) ?? fromMessage(thrown.message)
    : fromMessage(messageOf(thrown));
  if (thrown instanceof AppError || trouble === undefined) return thrown;
  return new StorageError(trouble, thrown);
}

function fromMessage(message: string): StorageTrouble | undefined {
  return MESSAGES.find(([text]) => message.includes(text))?.[1];
}
