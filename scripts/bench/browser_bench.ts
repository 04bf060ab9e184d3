import { ScriptedClient } from "../../conductor/browser/testing/scripted_client.ts";
import { startDaemon } from "../testing/daemon.ts";
import { findFirefox } from "../../conductor/browser/testing/firefox.ts";
import { FirefoxRig } from "../testing/firefox_rig.ts";
import { type BenchRow, ms, quantile, residentMiB } from "./harness.ts";

const ROUNDS = 100;
const EVENTS = 20_000;
const RECONNECTS = 1_000;
const IDLE_TIMER_MS = 35_000;

/** Times the site's own fetch in the site's own page. */
const FETCH_PAGE = `<!doctype html><title>busy</title><body><script>
  (async () => {
    const times = [];
    for (let i = 0; i < ${ROUNDS}; i++) {
      const started = performance.now();
      await (await fetch("/me")).text();
      times.push(performance.now() - started);
    }
    document.body.textContent = JSON.stringify(times);
    document.title = "over";
  })();
</script>`;

/** What the bridge costs: reconnects, and a request and a stream through a real Firefox. */
export async function browserBench(): Promise<readonly BenchRow[]> {
  const rows = [await reconnects()];
  return findFirefox() === undefined
    ? rows
    : [...rows, ...await throughFirefox()];
}

/** Whether a browser that comes and goes leaves memory behind. */
async function reconnects(): Promise<BenchRow> {
  await using conductor = await startDaemon("conductor");
  let pairingKey: string | undefined;
  const connect = async (times: number) => {
    for (let i = 0; i < times; i++) {
      await using client = await ScriptedClient.connect(conductor.origin, {
        pairingKey,
      });
      pairingKey = client.pairingKey;
    }
    return await residentMiB(conductor.pid);
  };
  const before = await connect(200);
  await connect(RECONNECTS);
  // Deno's idle timer holds a closed socket for as long as it runs.
  await new Promise((resolve) => setTimeout(resolve, IDLE_TIMER_MS));
  const after = await residentMiB(conductor.pid);
  return {
    name: `bridge: memory after ${RECONNECTS} reconnects, MiB`,
    ours: after.toFixed(0),
    floor: `${before.toFixed(0)} after the first 200`,
    ratio: `+ ${(after - before).toFixed(0)}`,
    target: "≤ + 10",
    met: after - before <= 10,
  };
}

async function throughFirefox(): Promise<readonly BenchRow[]> {
  await using rig = await FirefoxRig.start({ BAA_LOG_LEVEL: "info" });
  const { site } = rig;
  const firefox = await rig.openLoggedIn();
  site.pages.set("/bench", FETCH_PAGE);
  const through: number[] = [];
  const inPage: number[] = [];
  for (let round = 0; round < 3; round++) {
    await firefox.newTab(`${site.origin}/bench`);
    inPage.push(...JSON.parse(await firefox.text("over")));
    for (let i = 0; i < ROUNDS; i++) {
      const started = performance.now();
      await rig.request({ path: "/me" });
      through.push(performance.now() - started);
    }
  }
  const [ours, floor] = [quantile(through, 0.5), quantile(inPage, 0.5)];
  const rate = await streamRate(rig);
  return [
    {
      name: "browser: small request through Firefox, p50",
      ours: ms(ours),
      floor: `${ms(floor)} the same fetch in the page`,
      ratio: `+ ${ms(ours - floor)}`,
      target: "≤ + 15 ms",
      met: ours - floor <= 15,
    },
    {
      name: "browser: stream events per second, site to HTTP client",
      ours: rate.toFixed(0),
      floor: "",
      ratio: "",
      target: "≥ 5000",
      met: rate >= 5_000,
    },
  ];
}

/** Sends events as fast as the site can; counts how fast they come out. */
async function streamRate(rig: FirefoxRig): Promise<number> {
  const events = await rig.stream({ path: "/stream" });
  const stream = await rig.site.nextStream();
  await events.next();
  const started = performance.now();
  const line = `data: ${"x".repeat(100)}\n\n`;
  for (let i = 0; i < EVENTS; i += 100) stream.send(line.repeat(100));
  stream.end();
  let seen = 0;
  for await (const { event } of events) {
    if (event === "stream_event") seen += 1;
  }
  if (seen !== EVENTS) throw new Error(`Cannot rate: ${seen} events came`);
  return seen / ((performance.now() - started) / 1000);
}
