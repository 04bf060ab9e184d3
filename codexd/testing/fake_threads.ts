import type { FakeTurn } from "./fake_turn.ts";

/** A thread as the stand-in keeps it on its disk. */
export interface FakeThread {
  readonly id: string;
  readonly cwd: string;
  readonly ephemeral: boolean;
  readonly createdAt: number;
  name: string | null;
  archived: boolean;
  readonly forkedFrom: string | null;
  sandbox: string;
  approvalPolicy: string;
  turns: FakeTurn[];
  responses: number;
}

/** What outlives the process: threads by id. */
export type FakeDisk = Map<string, FakeThread>;

/** The stand-in says no, in the real one's words. */
export class Refusal extends Error {}

/** The threads of one life of the stand-in: what is loaded, over what is on disk. */
export class FakeThreads {
  readonly #disk: FakeDisk;
  readonly #loaded = new Map<string, FakeThread>();

  constructor(disk: FakeDisk) {
    this.#disk = disk;
    // What an earlier life left running when it was killed.
    this.interruptAll();
  }

  get loaded(): string[] {
    return [...this.#loaded.keys()];
  }

  make(params: Readonly<Record<string, unknown>>): FakeThread {
    const thread: FakeThread = {
      id: uuid7(),
      cwd: String(params.cwd ?? "/"),
      ephemeral: params.ephemeral === true,
      createdAt: Math.floor(Date.now() / 1000),
      name: null,
      archived: false,
      forkedFrom: null,
      sandbox: "readOnly",
      approvalPolicy: String(params.approvalPolicy ?? "on-request"),
      turns: [],
      responses: 0,
    };
    this.#loaded.set(thread.id, thread);
    return thread;
  }

  /** Loads a thread from disk. */
  load(id: string): FakeThread {
    const thread = this.#loaded.get(id) ?? this.#disk.get(id);
    if (thread === undefined || thread.ephemeral) {
      throw new Refusal(`no rollout found for thread id ${id}`);
    }
    if (thread.archived) throw new Refusal(`session ${id} is archived.`);
    this.#loaded.set(id, thread);
    return thread;
  }

  /** A new thread with the turns of another. */
  fork(params: Readonly<Record<string, unknown>>): FakeThread {
    const source = this.load(String(params.threadId));
    const thread = {
      ...this.make({ cwd: source.cwd, ...params }),
      forkedFrom: source.id,
      sandbox: source.sandbox,
      turns: [...source.turns],
      responses: source.responses,
    };
    this.#loaded.set(thread.id, thread);
    this.save(thread);
    return thread;
  }

  unload(id: string): void {
    this.#loaded.delete(id);
  }

  save(thread: FakeThread): void {
    if (!thread.ephemeral) this.#disk.set(thread.id, thread);
  }

  /** A loaded thread: only those take turns. */
  inMemory(id: string): FakeThread {
    const thread = this.#loaded.get(id);
    if (thread === undefined) throw new Refusal(`thread not found: ${id}`);
    return thread;
  }

  /** A thread, loaded or not. */
  known(id: string): FakeThread {
    const thread = this.#loaded.get(id) ?? this.#disk.get(id);
    if (thread === undefined) throw new Refusal(`thread not loaded: ${id}`);
    return thread;
  }

  list(params: Readonly<Record<string, unknown>>): unknown {
    const limit = Number(params.limit ?? 25);
    const from = Number(params.cursor ?? 0);
    const all = [...this.#disk.values()]
      .filter((it) => it.turns.length > 0)
      .filter((it) => it.archived === (params.archived === true))
      .sort((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1));
    const page = all.slice(from, from + limit);
    const next = from + page.length;
    return {
      data: page.map(view),
      nextCursor: next < all.length ? String(next) : null,
    };
  }

  /** Takes note on disk that everything which ran is over. */
  interruptAll(): void {
    for (const thread of this.#disk.values()) {
      for (const turn of thread.turns) {
        if (turn.status === "inProgress") turn.status = "interrupted";
      }
    }
  }
}

/** A thread as the protocol shows it. */
export function view(thread: FakeThread) {
  const [first] = thread.turns;
  const input = first?.items[0]?.content;
  return {
    id: thread.id,
    preview: input === undefined ? "" : textOf(input),
    ephemeral: thread.ephemeral,
    model: "stand-in",
    modelProvider: "stand-in",
    createdAt: thread.createdAt,
    updatedAt: thread.createdAt,
    status: { type: "idle" },
    cwd: thread.cwd,
    originator: "codexd",
    name: thread.name,
    forkedFromId: thread.forkedFrom,
    path: thread.ephemeral
      ? null
      : `/${thread.archived ? "archived_" : ""}sessions/${thread.id}.jsonl`,
    turns: [],
  };
}

/** A turn as the protocol shows it. */
export function turnView(turn: FakeTurn) {
  const { startedAt, completedAt } = turn;
  return {
    ...turn,
    items: [...turn.items],
    durationMs: completedAt === null ? null : (completedAt - startedAt) * 1000,
  };
}

/** The words of an input. */
export function textOf(input: unknown): string {
  return (input as { readonly text?: string }[]).map((it) => it.text ?? "")
    .join("");
}

/** An id that sorts by its time, as Codex's do. */
export function uuid7(): string {
  const time = Date.now().toString(16).padStart(12, "0");
  const rest = crypto.randomUUID().slice(15);
  return `${time.slice(0, 8)}-${time.slice(8)}-7${rest}`;
}
