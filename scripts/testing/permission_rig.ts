import { dirname, fromFileUrl, join } from "@std/path";
import { installFakeCodex } from "../../codexd/testing/fake_codex.ts";
import { codexdKeyPath } from "../../shared/contracts/codexd_key.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { freePorts } from "../../shared/testing/free_ports.ts";
import { pause } from "../../shared/testing/until.ts";
import { call } from "./http.ts";
import type { Effect, PermissionRow, Places } from "./permission_rows.ts";
import { permissionFlags, type PermissionSet } from "../permissions.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const TOKEN = "a-token-for-tests";
/** More than rotation keeps. */
const OLD_LOGS = 210;
const START_MS = 60_000;

type ProgramName = PermissionRow["program"];

/** A place for programs that lack a permission, and what is seen of them there. */
export interface PermissionRig extends AsyncDisposable {
  /** The variables that permissions are rendered from. */
  readonly env: Readonly<Record<string, string>>;
  readonly places: Places;
  /** Runs a program with `set`; returns what does not work. */
  whatFails(program: ProgramName, set: PermissionSet): Promise<Effect[]>;
}

/** Makes the rig, its folders and a stand-in for Codex. */
export async function permissionRig(): Promise<PermissionRig> {
  const dir = await tempDir();
  const [listen = "", codexd = "", statusApi = ""] = freePorts(3)
    .map((port) => `127.0.0.1:${port}`);
  const places = {
    readRoot: dir.join("read"),
    writeRoot: dir.join("write"),
    state: dir.join("state"),
    logs: dir.join("logs"),
    tmp: dir.join("tmp"),
    token: dir.join("token"),
    shell: "/bin/sh",
    listen,
    codexd,
    statusApi,
  };
  const { readRoot, writeRoot } = places;
  for (const folder of [readRoot, writeRoot]) await Deno.mkdir(folder);
  await Deno.writeTextFile(`${readRoot}/file.txt`, "hello\n");
  await Deno.writeTextFile(places.token, TOKEN);
  await Deno.chmod(places.token, 0o600);
  const env = {
    BAA_CONDUCTOR_LOCAL_API: `http://${places.listen}`,
    BAA_CODEXD_LOCAL_API: `http://${places.codexd}`,
    BAA_STATUS_API: `http://${places.statusApi}`,
    BAA_STATE_DIR: places.state,
    BAA_LOGS_DIR: places.logs,
    BAA_TMP_DIR: places.tmp,
    BAA_SHARED_TOKEN_FILE: places.token,
    BAA_HOST_OPS_READ_ROOTS: readRoot,
    BAA_HOST_OPS_WRITE_ROOTS: writeRoot,
    BAA_CODEX_BIN: await installFakeCodex(dir.path),
  };
  return {
    env,
    places,
    async whatFails(program, set) {
      for (const folder of [places.state, places.logs, places.tmp]) {
        await Deno.remove(folder, { recursive: true }).catch(() => undefined);
      }
      if (program === "conductor") await leaveOldLogs(places.logs);
      await using running = await start(program, set, { env, cwd: dir.path });
      const failing = running.isUp ? SEEN[program] : undefined;
      return failing === undefined
        ? ["does not start"]
        : await failing(running.origin, places);
    },
    [Symbol.asyncDispose]: () => dir[Symbol.asyncDispose](),
  };
}

async function leaveOldLogs(logs: string): Promise<void> {
  await Deno.mkdir(`${logs}/conductor`, { recursive: true });
  for (let n = 0; n < OLD_LOGS; n++) {
    const number = String(n).padStart(4, "0");
    await Deno.writeTextFile(
      `${logs}/conductor/conductor-old.${number}.jsonl`,
      "",
    );
  }
}

/** Starts a program as its binary would run, and waits until it answers or ends. */
async function start(
  program: ProgramName,
  set: PermissionSet,
  options: {
    readonly env: Readonly<Record<string, string>>;
    readonly cwd: string;
  },
) {
  const address = {
    conductor: "BAA_CONDUCTOR_LOCAL_API",
    codexd: "BAA_CODEXD_LOCAL_API",
    "status-api": "BAA_STATUS_API",
  }[program];
  const origin = options.env[address] ?? "";
  const entrypoint = program === "codexd" ? "codexd" : "conductor";
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--frozen", `--config=${ROOT}deno.json`],
      ...permissionFlags(set),
      `${ROOT}${entrypoint}/main.ts`,
      ...(program === "status-api" ? ["status-api"] : []),
    ],
    ...options,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  let hasEnded = false;
  const ended = child.status.then(() => hasEnded = true);
  const until = performance.now() + START_MS;
  let isUp = false;
  while (!hasEnded && !isUp && performance.now() < until) {
    isUp = await answers(`${origin}/healthz`);
    if (!isUp) await pause(20);
  }
  return {
    origin,
    isUp,
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGTERM");
      } catch { /* it has ended */ }
      await ended;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(url);
    await response.body?.cancel();
    return response.ok;
  } catch {
    return false;
  }
}

/** What of each program is looked at while it runs. */
const SEEN: Readonly<
  Record<ProgramName, (origin: string, places: Places) => Promise<Effect[]>>
> = {
  async conductor(origin, { readRoot, writeRoot, logs, state }) {
    await using _codexd = await codexdIn(state);
    const codex = await ask(`${origin}/v1/codex`);
    const read = await ask(`${origin}/v1/files/read`, {
      path: `${readRoot}/file.txt`,
    });
    const write = await ask(`${origin}/v1/files/write`, {
      path: `${writeRoot}/file.txt`,
      content: "hello\n",
    });
    const exec = await ask(`${origin}/v1/exec`, { command: "true" });
    const status = await ask(`${origin}/v1/status`);
    const kept = [...Deno.readDirSync(`${logs}/conductor`)].length;
    return failing({
      "files/read fails": !read.ok,
      "files/write fails": !write.ok,
      "exec fails": !exec.ok,
      "disk is unknown": status.disk === null,
      "codexd is not reached": codex.reachable !== true,
      "old logs stay": kept > OLD_LOGS,
    });
  },
  async codexd(origin) {
    const until = performance.now() + START_MS;
    let state: unknown;
    do {
      const status = await ask(`${origin}/v1/codexd/status`);
      state = status.app_server?.state;
    } while (state === "starting" && performance.now() < until);
    return failing({ "Codex does not run": state !== "ready" });
  },
  async "status-api"(origin, { listen }) {
    await using _conductor = answering(
      listen,
      () => Response.json({ ok: true, data: { mode: "paused" } }),
    );
    const status = await ask(`${origin}/v1/status`);
    return failing({ "conductor is not read": status.mode !== "paused" });
  },
};

/** codexd, as far as it matters here. */
async function codexdIn(state: string): Promise<AsyncDisposable> {
  const key = codexdKeyPath(state);
  await Deno.mkdir(dirname(key), { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(key, "the-key-for-tests", { mode: 0o600 });
  const path = join(dirname(key), "codexd.sock");
  return Deno.serve({ path, onListen() {} }, () => new Response("ok"));
}

/** Another service, as far as it matters here. */
function answering(address: string, answer: () => Response): AsyncDisposable {
  const { hostname, port } = new URL(`http://${address}`);
  return Deno.serve({ hostname, port: Number(port), onListen() {} }, answer);
}

/** The data of an answer; nothing of a refusal. */
async function ask(url: string, body?: unknown) {
  const answer = await call(url, body, { authorization: `Bearer ${TOKEN}` });
  return answer.data ?? {};
}

function failing(seen: Partial<Record<Effect, boolean>>): Effect[] {
  return Object.entries(seen).filter(([, fails]) => fails)
    .map(([effect]) => effect as Effect);
}
