import type { CodexEvent } from "../../shared/contracts/codexd_events.ts";
import { CodexRig } from "../testing/codex_rig.ts";
import { startDaemon } from "../testing/daemon.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { readEvents } from "../../shared/testing/sse_reader.ts";
import { codexHome, findRealCodex } from "../testing/real_codex.ts";
import { type BenchRow, ms, quantile } from "./harness.ts";
import { RawAppServer } from "./raw_app_server.ts";

const ROUNDS = 60;
const DELTAS = 5000;
const SUBSCRIBERS = 100;

/** Runs a turn and returns the times of its deltas, counted from its request. */
type Turn = (prompt: string) => Promise<number[]>;

/** The way to Codex through codexd and through conductor, against the raw app-server. */
export async function codexBench(): Promise<readonly BenchRow[]> {
  const codex = await findRealCodex();
  if (codex === undefined) return [];
  await using rig = await CodexRig.start(codex);
  await using conductor = await startDaemon("conductor", rig.conductorEnv);
  await using folder = await tempDir();
  const home = await codexHome(folder.path, rig.model.baseUrl);
  const tmp = folder.join("tmp");
  await Deno.mkdir(tmp);
  await using raw = new RawAppServer(codex, { home, tmp });
  const thread = await raw.open(rig.work);
  const turns = {
    raw: (prompt: string) => raw.turn(thread, prompt),
    codexd: await throughCodexd(rig),
    conductor: await throughConductor(rig, conductor.origin),
  };
  const first = await firstDeltas(turns);
  const rates = await throughputs(turns);
  const crowded = await withSubscribers(rig, turns.codexd);
  return [
    firstRow("codexd", first),
    firstRow("conductor", first),
    rateRow("codexd", rates),
    rateRow("conductor", rates),
    {
      name: `deltas to each of ${SUBSCRIBERS} subscribers, a second`,
      ours: crowded.toFixed(0),
      floor: `${rates.codexd.toFixed(0)} to one`,
      ratio: `${(crowded / rates.codexd).toFixed(2)} ×`,
      target: "every event to everybody",
      met: crowded > 0,
    },
  ];
}

type Turns = Readonly<Record<"raw" | "codexd" | "conductor", Turn>>;
type Figures = Record<keyof Turns, number>;
type Times = Record<keyof Turns, number[]>;

/** Times to the first delta, a round after the other, each way in turn. */
async function firstDeltas(turns: Turns): Promise<Times> {
  const names = Object.keys(turns) as (keyof Turns)[];
  const times = Object.fromEntries(
    names.map((name) => [name, [] as number[]]),
  );
  for (let round = -5; round < ROUNDS; round++) {
    for (const name of names) {
      const [time = NaN] = await turns[name]("@model:text text=x");
      if (round >= 0) times[name]?.push(time);
    }
  }
  return times as Times;
}

/** Deltas a second, the best of three, each way in turn. */
async function throughputs(turns: Turns): Promise<Figures> {
  const best: Figures = { raw: 0, codexd: 0, conductor: 0 };
  for (let round = 0; round < 3; round++) {
    for (const name of Object.keys(turns) as (keyof Turns)[]) {
      const rate = rateOf(await turns[name](`@model:text n=${DELTAS}`));
      best[name] = Math.max(best[name], rate);
    }
  }
  return best;
}

function rateOf(deltas: readonly number[]): number {
  const [first = 0] = deltas;
  const last = deltas.at(-1) ?? Infinity;
  if (deltas.length !== DELTAS) {
    throw new Error("Cannot measure: deltas are lost");
  }
  return deltas.length / (last - first) * 1000;
}

/** Collects one turn's deltas from events as they come. */
class Deltas {
  #since = 0;
  #times: number[] = [];
  #ended = Promise.withResolvers<void>();

  async during(start: () => Promise<unknown>): Promise<number[]> {
    this.#since = performance.now();
    this.#times = [];
    this.#ended = Promise.withResolvers();
    await start();
    await this.#ended.promise;
    return this.#times;
  }

  take({ type }: Pick<CodexEvent, "type">): void {
    if (type === "message.delta") {
      this.#times.push(performance.now() - this.#since);
    } else if (type === "turn.completed") this.#ended.resolve();
  }
}

async function throughCodexd(rig: CodexRig): Promise<Turn> {
  const session_id = await rig.session();
  const deltas = new Deltas();
  const url = rig.origin.replace("http", "ws");
  const socket = new WebSocket(
    `${url}/v1/codexd/events?session_id=${session_id}`,
  );
  socket.addEventListener(
    "message",
    ({ data }) => deltas.take(JSON.parse(data)),
  );
  await new Promise((resolve) => socket.addEventListener("open", resolve));
  return (input) =>
    deltas.during(() => rig.turn(session_id, input, { wait: false }));
}

async function throughConductor(
  rig: CodexRig,
  origin: string,
): Promise<Turn> {
  const session_id = await rig.session();
  const deltas = new Deltas();
  const response = await fetch(
    `${origin}/v1/codex/events?session_id=${session_id}`,
    { headers: { accept: "text/event-stream" } },
  );
  void (async () => {
    try {
      for await (const { data } of readEvents(response)) deltas.take(data);
    } catch { /* the bench is over */ }
  })();
  const headers = { "content-type": "application/json" };
  return (input) =>
    deltas.during(async () => {
      const body = JSON.stringify({ session_id, input });
      const url = `${origin}/v1/codex/turn`;
      const answer = await fetch(url, { method: "POST", headers, body });
      await answer.body?.cancel();
    });
}

/** Deltas a second to the slowest of many subscribers. */
async function withSubscribers(rig: CodexRig, turn: Turn): Promise<number> {
  const { seq } = (await rig.status()).events;
  const followers = Array.from(
    { length: SUBSCRIBERS },
    () => rig.follow(`?after=${seq}`),
  );
  await Promise.all(followers.map((it) => it.opened));
  const since = performance.now();
  await turn(`@model:text n=${DELTAS}`);
  await Promise.all(
    followers.map((it) => it.until((event) => event.type === "turn.completed")),
  );
  const rate = DELTAS / (performance.now() - since) * 1000;
  await Promise.all(followers.map((it) => it[Symbol.asyncDispose]()));
  return rate;
}

/** Conductor's own share has its audit in it, which is on disk first. */
const MORE_MS = { codexd: 5, conductor: 8 } as const;

/** Rounds are compared one by one: the machine's load changes between them. */
function firstRow(name: keyof typeof MORE_MS, times: Times): BenchRow {
  const more = quantile(
    times[name].map((time, round) => time - (times.raw[round] ?? NaN)),
    0.5,
  );
  return {
    name: `turn to first delta through ${name}, p50`,
    ours: ms(quantile(times[name], 0.5)),
    floor: `${ms(quantile(times.raw, 0.5))} raw app-server`,
    ratio: `+ ${ms(more)}`,
    target: `≤ + ${ms(MORE_MS[name])}`,
    met: more <= MORE_MS[name],
  };
}

function rateRow(name: "codexd" | "conductor", rates: Figures): BenchRow {
  const share = rates[name] / rates.raw;
  return {
    name: `deltas a second through ${name}`,
    ours: rates[name].toFixed(0),
    floor: `${rates.raw.toFixed(0)} raw app-server`,
    ratio: `${share.toFixed(2)} ×`,
    target: "≥ 0.33 ×",
    met: share >= 0.33,
  };
}
