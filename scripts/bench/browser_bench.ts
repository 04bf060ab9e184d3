import { findFirefox } from "../../conductor/browser/testing/firefox.ts";
import { FirefoxRig } from "../testing/firefox_rig.ts";
import { type BenchRow, ms, quantile } from "./harness.ts";

const ROUNDS = 100;
const EVENTS = 20_000;

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

/** What the bridge costs: a request and a stream through a real Firefox. */
export async function browserBench(): Promise<readonly BenchRow[]> {
  if (findFirefox() === undefined) return [];
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
