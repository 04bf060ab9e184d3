import { join } from "@std/path";
import { installFakeCodex } from "../../../codexd/testing/fake_codex.ts";
import { inspectLines, isJson } from "./conductor_subject.ts";
import type { Asked, Subject, Told } from "./trial.ts";

const SESSIONS = "POST /v1/codexd/sessions";
const TURN = "POST /v1/codexd/turn";

/** A codexd that makes sessions and runs turns, with a stand-in for Codex. */
export const CODEXD: Subject = {
  program: "codexd",
  probe: "/readyz",

  async env(folder) {
    const home = join(folder, "codex-home");
    await Deno.mkdir(home);
    return {
      BAA_CODEX_BIN: await installFakeCodex(folder),
      CODEX_HOME: home,
      BAA_STATE_DIR: join(folder, "state"),
      BAA_LOGS_DIR: join(folder, "logs"),
      BAA_TMP_DIR: join(folder, "tmp"),
      BAA_LOG_LEVEL: "debug",
    };
  },

  async work(daemon, told) {
    const cwd = told.folder;
    for (const title of ["first", "second"]) {
      const key = `session-${title}`;
      const made = await once(daemon, told, { call: SESSIONS, key }, {
        cwd,
        title,
      });
      const id = made?.session_id;
      if (id === undefined) continue;
      told.promises.set(`session ${title}`, async (daemon) => {
        const found = await daemon.ask(`GET /v1/codexd/sessions/${id}`);
        const { session } = found?.data ?? {};
        return session?.title === title ? undefined : JSON.stringify(found);
      });
      for (const input of ["hello", "again"]) {
        const key = `turn-${title}-${input}`;
        const body = { session_id: id, input, wait: true };
        await once(daemon, told, { call: TURN, key }, body);
      }
    }
  },

  async judge(daemon, { verdict, folder }) {
    const body = { cwd: folder, title: "afterwards" };
    const made = await daemon.ask(SESSIONS, body);
    if (made?.data === undefined) {
      verdict.unrecovered.push(`a new session: ${JSON.stringify(made)}`);
    }
  },

  async inspect({ folder, verdict }) {
    await inspectLines(join(folder, "logs"), verdict.corrupt);
    const state = join(folder, "state", "codexd");
    await inspectLines(state, verdict.corrupt);
    let last = 0;
    const events = join(state, "events");
    const files = await Array.fromAsync(Deno.readDir(events), (it) => it.name);
    for (const name of files.sort()) {
      const lines = (await Deno.readTextFile(join(events, name))).split("\n");
      for (const line of lines.filter(isJson)) {
        const { seq } = JSON.parse(line);
        if (seq <= last) {
          verdict.corrupt.push(`event ${seq} stands behind event ${last}`);
        }
        last = seq;
      }
    }
  },
};

/** Asks with a key, and remembers that asking again is to be told the same. */
async function once(
  daemon: Asked,
  told: Told,
  { call, key }: { readonly call: string; readonly key: string },
  body: unknown,
) {
  const headers = { "idempotency-key": key };
  const heard = await daemon.ask(call, body, headers);
  if (heard !== undefined && heard.data === undefined && !heard.code) {
    told.verdict.unrecovered.push(`${call}: ${heard.status} without a code`);
  }
  if (heard?.data === undefined) return undefined;
  const nameOf = (data: { session_id: string; turn_id?: string }) =>
    data?.turn_id ?? data?.session_id;
  told.promises.set(key, async (daemon) => {
    const again = await daemon.ask(call, body, headers);
    return nameOf(again?.data) === nameOf(heard.data)
      ? undefined
      : `done twice: ${JSON.stringify(again)}`;
  });
  return heard.data;
}
