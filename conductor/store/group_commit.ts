import type { Database as Connection } from "@db/sqlite";

/** Turns of the event loop after which a group is committed, whoever still comes. */
const MAX_TURNS = 20;

/**
 * Commits pieces of work together: whatever came in the same turns of the event
 * loop shares one transaction, and so one wait for the disk. The pieces run in
 * the order in which they came; one that fails changes nothing and takes no
 * other one with it.
 */
export class GroupCommit {
  readonly #connection: Pick<Connection, "transaction" | "inTransaction">;
  readonly #transact: Transact;
  readonly #nextTurn: NextTurn;
  #waiting: Piece[] = [];
  /** How often somebody was in a hurry since the last commit. */
  #calls = 0;
  #isGathering = false;

  constructor(
    connection: Pick<Connection, "transaction" | "inTransaction">,
    { transact, nextTurn }: GroupCommitOptions,
  ) {
    this.#connection = connection;
    this.#transact = transact;
    this.#nextTurn = nextTurn;
  }

  /** Adds work to the next group, whenever that is committed. */
  add(piece: Piece): void {
    this.#waiting.push(piece);
  }

  /**
   * Has what waits committed as soon as nothing more comes: a lone caller waits
   * for one turn of the event loop.
   */
  hurry(): void {
    this.#calls++;
    if (this.#isGathering) return;
    this.#isGathering = true;
    // What is asked for at once, as by one call, is no reason to wait longer.
    queueMicrotask(() => this.#gather(this.#calls, 0));
  }

  /** Commits what waits now. Never throws: each piece is told how it went. */
  flush(): void {
    // A transaction that is open ends before anything can be read by others.
    if (this.#waiting.length === 0 || this.#connection.inTransaction) return;
    const pieces = this.#waiting;
    this.#waiting = [];
    this.#calls = 0;
    let ends: readonly (() => void)[] = [];
    try {
      this.#transact(() => void (ends = this.#run(pieces)));
    } catch (error) {
      ends = pieces.map((piece) => () => piece.failed(error));
    }
    for (const end of ends) end();
  }

  #gather(calls: number, turns: number): void {
    this.#nextTurn(() => {
      const isStill = this.#calls === calls;
      if (!isStill && turns < MAX_TURNS) {
        return this.#gather(this.#calls, turns + 1);
      }
      this.#isGathering = false;
      this.flush();
    });
  }

  /** Returns what tells each piece how it went, once all is on the disk. */
  #run(pieces: readonly Piece[]): (() => void)[] {
    return pieces.map((piece) => {
      const isAlone = pieces.length === 1 || piece.isVital === true;
      const work = () => piece.work();
      try {
        const result = isAlone ? work() : this.#connection.transaction(work)();
        return () => piece.done(result);
      } catch (error) {
        // Of some failures SQLite rolls everything back by itself.
        if (isAlone || !this.#connection.inTransaction) throw error;
        return () => piece.failed(error);
      }
    });
  }
}

/** Runs a transaction to its end on the disk. */
type Transact = (action: () => void) => void;

/** Runs something in the next turn of the event loop. */
export type NextTurn = (action: () => void) => void;

interface GroupCommitOptions {
  readonly transact: Transact;
  readonly nextTurn: NextTurn;
}

/** Work on the database that shares a transaction with what others do. */
export interface Piece<T = unknown> {
  /** Reads and writes; may be rolled back after it has returned. */
  work(): T;
  /** Called with what `work` returned when all of it is on the disk. */
  done(result: T): void;
  /** Called when nothing of it was written. */
  failed(error: unknown): void;
  /** Whether the others must not be written without it. */
  readonly isVital?: boolean;
}
