/** The part of `@db/sqlite` that the product uses, over the runtime's own SQLite. */
export { Database, type DatabaseOpenOptions } from "./database.ts";
export { SqliteError } from "./sqlite_error.ts";
export {
  type BindParameters,
  type BindValue,
  type RestBindParameters,
  Statement,
} from "./statement.ts";
export type { Transaction } from "./transaction.ts";
