/** The part of `@db/sqlite` that the product uses, over the runtime's own SQLite. */
// @ts-types="./mod.d.ts"
export { Database } from "./database.ts";
// @ts-types="./mod.d.ts"
export { SqliteError } from "./sqlite_error.ts";
export type { BindValue, RestBindParameters, Statement } from "./mod.d.ts";
