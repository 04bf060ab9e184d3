import { assertThrows } from "@std/assert";
import { Database as Connection } from "@db/sqlite";
import { tempDir } from "../../shared/testing/fakes.ts";
import { checkWal } from "./check_wal.ts";

const FRAME = 4096 + 24;

/** A log as a killed process leaves it: some generations, the newest one of 20 commits. */
async function usedWal(path: string): Promise<Uint8Array<ArrayBuffer>> {
  const db = new Connection(path);
  db.exec("PRAGMA journal_mode = WAL; CREATE TABLE t (x)");
  for (const rows of [100, 20]) {
    db.exec("PRAGMA wal_checkpoint(RESTART)");
    for (let i = 0; i < rows; i++) db.exec("INSERT INTO t VALUES (?)", "x");
  }
  const bytes = await Deno.readFile(`${path}-wal`);
  db.close();
  return bytes;
}

Deno.test("checkWal() takes whatever a crash leaves, and sees what SQLite would drop", async () => {
  await using dir = await tempDir();
  const wal = await usedWal(dir.join("a.db"));
  const path = dir.join("copy-wal");
  const write = (change: (bytes: Uint8Array) => Uint8Array | void) => {
    const bytes = wal.slice();
    Deno.writeFileSync(path, change(bytes) ?? bytes);
  };
  checkWal(dir.join("none-wal"));
  write(() => {});
  checkWal(path);
  // Cut off anywhere, as when the machine ends; the frames behind are older ones.
  for (const length of [0, 20, 32, 60, 32 + FRAME, 32 + 5 * FRAME + 99]) {
    write((bytes) => bytes.subarray(0, length));
    checkWal(path);
  }
  // Of the last transaction a power loss may leave some pages and not others.
  write((bytes) => void bytes.fill(0, 32 + 19 * FRAME, 32 + 20 * FRAME));
  checkWal(path);
  write((bytes) => void bytes.fill(0, bytes.length - 4096));
  checkWal(path);

  const bad: ((bytes: Uint8Array) => void)[] = [
    (bytes) => void bytes.fill(7, 0, 32),
    (bytes) => void bytes.fill(7, 12, 16),
    (bytes) => void bytes.fill(0, 32 + 3 * FRAME, 32 + 4 * FRAME),
    (bytes) => void bytes.fill(7, 32 + 3 * FRAME + 100, 32 + 3 * FRAME + 101),
    (bytes) => void bytes.fill(7, 32 + 15 * FRAME),
    (bytes) => void bytes.fill(7),
  ];
  for (const harm of bad) {
    write(harm);
    assertThrows(() => checkWal(path), Error, "write-ahead log is damaged");
  }
});
