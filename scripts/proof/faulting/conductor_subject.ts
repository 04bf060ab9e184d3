import { Database } from "@db/sqlite";
import { join } from "@std/path";
import { pause } from "../../../shared/testing/until.ts";
import type { Asked, Heard, Promised, Subject, Told } from "./trial.ts";

/** Where the daemon under trial writes, below its folder. */
export const CONDUCTOR_PLACES = {
  database: "state/conductor/conductor.db",
  files: "owner",
  staging: "state/conductor/staging",
  jobs: "state/jobs",
  backups: "state/conductor/backups",
  logs: "logs",
  state: "state",
} as const;

const PIECE = 40_000;

/** How often what takes a while is asked for again. */
const TRY_MS = 50;
const MOST_TRIES = 300;

/** A conductor that writes wherever it can. */
export const CONDUCTOR: Subject = {
  program: "conductor",
  probe: "/readyz",

  async env(folder) {
    await Deno.mkdir(join(folder, "owner"));
    return {
      BAA_CODEXD_LOCAL_API: "http://127.0.0.1:9",
      BAA_STATE_DIR: join(folder, "state"),
      BAA_LOGS_DIR: join(folder, "logs"),
      BAA_TMP_DIR: join(folder, "tmp"),
      // Who was killed is waited for as long.
      BAA_LEASE_MS: "3000",
      BAA_LOG_LEVEL: "debug",
    };
  },

  async work(daemon, told) {
    const asked = new Work(daemon, told);
    await asked.write("a", { content: "a".repeat(PIECE) });
    await asked.write("a", { content: "A".repeat(PIECE) + "!" });
    await asked.edit("a", { old: "!", new: "?".repeat(PIECE) });
    await asked.write("a", { content: "z".repeat(PIECE), append: true });
    await asked.write("b", { content: "b".repeat(PIECE), overwrite: false });
    await asked.write("sub/c", {
      content: "c".repeat(PIECE),
      createParents: true,
    });
    await asked.task("a task", "echo one; echo two >&2");
    await asked.detached("a surviving run", "echo one; sleep 0.05; echo two");
    await asked.schedule("nightly");
    await asked.token("reader");
    await asked.mode("pause", "paused");
    await asked.mode("resume", "running");
    await asked.backup();
  },

  async judge(daemon, { verdict, folder }) {
    const chain = await daemon.ask("GET /v1/audit/verify");
    if (chain?.data?.ok !== true) {
      verdict.corrupt.push(`audit chain: ${JSON.stringify(chain)}`);
    }
    const path = join(folder, "owner", "afterwards");
    const body = { path, content: "new" };
    const written = await daemon.ask("POST /v1/files/write", body);
    if (written?.data === undefined) {
      verdict.unrecovered.push(`a new file: ${JSON.stringify(written)}`);
    }
    // Who could not give the lease back has it until it ends; and a kill may have
    // come while all was paused.
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const resumed = await daemon.ask("POST /v1/system/resume", {});
      if (resumed?.code !== "NOT_LEADER") break;
      await pause(TRY_MS);
    }
    const done = await daemon.ask("POST /v1/tasks?wait_ms=10000", task("true"));
    if (done?.data?.status !== "succeeded") {
      verdict.unrecovered.push(`a new task: ${JSON.stringify(done)}`);
    }
    for (let tries = 0;; tries++) {
      const left = await daemon.ask("GET /v1/tasks?limit=200");
      const open = left?.data?.tasks.filter((it: { status: string }) =>
        ["queued", "running"].includes(it.status)
      );
      if (open?.length === 0) break;
      if (tries < MOST_TRIES) await pause(TRY_MS);
      else {
        verdict.unrecovered.push(`tasks do not end: ${JSON.stringify(open)}`);
        break;
      }
    }
  },

  async inspect({ folder, verdict }) {
    const path = join(folder, CONDUCTOR_PLACES.database);
    const found = wholeness(path);
    if (found !== "ok") verdict.corrupt.push(`database: ${found}`);
    const backups = join(folder, CONDUCTOR_PLACES.backups);
    for (const name of await namesIn(backups)) {
      if (!name.endsWith(".db")) continue;
      const found = wholeness(join(backups, name));
      if (found !== "ok") verdict.corrupt.push(`backup ${name}: ${found}`);
    }
    await inspectLines(join(folder, CONDUCTOR_PLACES.logs), verdict.corrupt);
  },
};

/** Judges a folder of files of JSON lines: one that was cut spoils no other. */
export async function inspectLines(
  folder: string,
  corrupt: string[],
): Promise<void> {
  for (const name of await namesIn(folder)) {
    const path = join(folder, name);
    if ((await Deno.stat(path)).isDirectory) await inspectLines(path, corrupt);
    if (!name.endsWith(".jsonl")) continue;
    const lines = (await Deno.readTextFile(path)).split("\n");
    const cut = lines.filter((it) => it !== "" && !isJson(it));
    if (cut.length > 1) corrupt.push(`${name}: ${cut.length} lines are cut`);
  }
}

/** Asks, and remembers what was acknowledged, or may have been done. */
class Work {
  readonly #daemon: Asked;
  readonly #told: Told;
  /** Whether the daemon has ended: nothing has been asked for since. */
  #isGone = false;
  /** What a file may hold by now; undefined: it may be missing. */
  readonly #contents = new Map<string, (string | undefined)[]>();

  constructor(daemon: Asked, told: Told) {
    this.#daemon = daemon;
    this.#told = told;
  }

  async write(
    name: string,
    options: {
      readonly content: string;
      readonly append?: boolean;
      readonly overwrite?: boolean;
      readonly createParents?: boolean;
    },
  ): Promise<void> {
    const next = (old = "") =>
      options.append ? old + options.content : options.content;
    const isAppended = options.append === true;
    await this.#change(
      { name, isAppended },
      next,
      (path) => this.#ask("POST /v1/files/write", { path, ...options }),
    );
  }

  async edit(
    name: string,
    edit: { readonly old: string; readonly new: string },
  ): Promise<void> {
    const next = (old?: string) => old?.replace(edit.old, () => edit.new);
    await this.#change(
      { name },
      next,
      (path) => this.#ask("POST /v1/files/edit", { path, edits: [edit] }),
    );
  }

  async task(title: string, command: string): Promise<void> {
    const heard = await this.#ask(
      "POST /v1/tasks?wait_ms=10000",
      task(command),
    );
    const id = heard?.data?.task_id;
    if (id !== undefined) this.#promiseRun(title, id, heard?.data.status);
  }

  async detached(title: string, command: string): Promise<void> {
    const body = { command, detach: true, waitMs: 10_000 };
    const heard = await this.#ask("POST /v1/exec", body);
    const id = heard?.data?.taskId;
    if (id === undefined) return;
    this.#promiseRun(title, id, heard?.data.pending ? "running" : "succeeded");
  }

  async schedule(name: string): Promise<void> {
    const body = { cron: "0 4 * * *", task: task("true") };
    const path = `/v1/schedules/${name}`;
    const heard = await this.#ask(`PUT ${path}`, body);
    if (heard?.data === undefined) return;
    this.#promise(`schedule ${name}`, async (daemon) => {
      const found = await daemon.ask(`GET ${path}`);
      return found?.data?.cron === body.cron ? undefined : told(found);
    });
  }

  async token(name: string): Promise<void> {
    const body = { name, scopes: ["read"] };
    const heard = await this.#ask("POST /v1/tokens", body);
    if (heard?.data === undefined) return;
    this.#promise(`token ${name}`, async (daemon) => {
      const found = await daemon.ask("GET /v1/tokens");
      return JSON.stringify(found?.data).includes(name)
        ? undefined
        : told(found);
    });
  }

  async mode(action: string, mode: string): Promise<void> {
    const heard = await this.#ask(`POST /v1/system/${action}`, {});
    // Refused or unheard, either may be so.
    if (heard?.data === undefined) this.#told.promises.delete("mode");
    else {
      this.#promise("mode", async (daemon) => {
        const found = await daemon.ask("GET /v1/system/state");
        return found?.data?.mode === mode ? undefined : told(found);
      });
    }
  }

  async backup(): Promise<void> {
    const heard = await this.#ask("POST /v1/system/backup", {});
    const path = heard?.data?.path;
    if (path === undefined) return;
    this.#promise("backup", () => {
      const found = wholeness(path);
      return Promise.resolve(found === "ok" ? undefined : found);
    });
  }

  async #change(
    { name, isAppended = false }: {
      readonly name: string;
      readonly isAppended?: boolean;
    },
    next: (old: string | undefined) => string | undefined,
    ask: (path: string) => Promise<Heard | undefined>,
  ): Promise<void> {
    if (this.#isGone) return;
    const path = join(this.#told.folder, "owner", name);
    const before = this.#contents.get(name) ?? [undefined];
    const heard = await ask(path);
    const after = before.map(next);
    const isDone = heard?.data !== undefined;
    const now = await Deno.readTextFile(path).catch(() => undefined);
    if (isDone && !after.includes(now)) {
      this.#told.verdict.lost.push(`file ${name}: has ${shown(now)} at once`);
    }
    const may = isDone ? after : [...before, ...after];
    this.#contents.set(name, may);
    // An appending write says that a kill may leave a part of it.
    const isCut = heard === undefined && isAppended;
    this.#promise(`file ${name}`, async () => {
      const found = await Deno.readTextFile(path).catch(() => undefined);
      if (may.includes(found)) return undefined;
      const part = isCut && found !== undefined &&
        after.some((it) => it?.startsWith(found)) &&
        before.some((it) => it !== undefined && found.startsWith(it));
      if (part) return undefined;
      if (isDone) return `has ${shown(found)}, not ${shown(after[0])}`;
      this.#told.verdict.corrupt.push(
        `file ${name}: neither old nor new: ${shown(found)}`,
      );
      return undefined;
    });
  }

  #promiseRun(title: string, id: string, status: string): void {
    this.#promise(title, async (daemon) => {
      for (let tries = 0;; tries++) {
        const found = await daemon.ask(`GET /v1/tasks/${id}`);
        const now = found?.data?.status;
        if (now === undefined) return told(found);
        if (!["queued", "running"].includes(now)) {
          if (status === "succeeded" && now !== status) return told(found);
          if (now !== "succeeded") return undefined;
          return await this.#outputOf(daemon, found?.data.latest_run?.run_id);
        }
        if (tries > MOST_TRIES) return `it does not end: ${told(found)}`;
        await pause(TRY_MS);
      }
    });
  }

  /** What it printed is what a task that succeeded has done. */
  async #outputOf(
    daemon: Asked,
    runId: string | undefined,
  ): Promise<string | undefined> {
    const path = `/v1/runs/${runId}/output?stream=stdout&offset=0`;
    const found = await daemon.ask(`GET ${path}`);
    const content = found?.data?.content;
    return content?.startsWith("one\n") ? undefined : `output: ${told(found)}`;
  }

  #promise(name: string, check: Promised): void {
    this.#told.promises.set(name, check);
  }

  async #ask(
    call: string,
    body: unknown,
  ): Promise<Heard | undefined> {
    if (this.#isGone) return undefined;
    const heard = await this.#daemon.ask(call, body);
    this.#isGone = heard === undefined;
    if (heard !== undefined && heard.data === undefined && !heard.code) {
      this.#told.verdict.unrecovered.push(
        `${call}: ${heard.status} without a code`,
      );
    }
    return heard;
  }
}

function task(command: string) {
  return { title: "a task", kind: "exec", payload: { command } };
}

function told(heard: Heard | undefined): string {
  return JSON.stringify(heard ?? "no answer").slice(0, 600);
}

function shown(text: string | undefined): string {
  if (text === undefined) return "nothing";
  return `${text.length} characters, ${text.slice(0, 1)}…${text.slice(-1)}`;
}

/** Tells whether a line is whole. */
export function isJson(line: string): boolean {
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await Array.fromAsync(Deno.readDir(folder), (it) => it.name))
      .sort();
  } catch {
    return [];
  }
}

/** What SQLite finds when it reads all of a database: `ok`, or what is wrong. */
export function wholeness(path: string): string {
  try {
    const database = new Database(path, { readonly: true });
    try {
      const [found] = database.prepare("PRAGMA integrity_check").value<
        [string]
      >() ?? [];
      return found ?? "nothing";
    } finally {
      database.close();
    }
  } catch (error) {
    return String(error);
  }
}
