import { Database as Connection } from "@db/sqlite";

const RATE_MS = 500;

/** Inserts one row a transaction, as durably as conductor does. */
export function durableRows(path: string) {
  const connection = new Connection(path);
  connection.exec(`
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE floor (id INTEGER PRIMARY KEY, text TEXT) STRICT;
  `);
  const insert = connection.prepare("INSERT INTO floor (text) VALUES (?)");
  const text = "x".repeat(200);
  return {
    insert: () => void insert.run(text),
    /** Rows a second. */
    rate(): number {
      const started = performance.now();
      let count = 0;
      while (performance.now() < started + RATE_MS) {
        insert.run(text);
        count++;
      }
      return count * 1000 / (performance.now() - started);
    },
    [Symbol.dispose]: () => connection.close(),
  };
}
