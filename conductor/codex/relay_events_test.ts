import { assertEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { relayEvents, type RelayNews } from "./relay_events.ts";
import { EventSocket } from "./event_socket.ts";
import { FakeCodexd } from "./testing/fake_codexd.ts";

/** Follows until `count` pieces of news have come, telling each. */
async function follow(
  codexd: FakeCodexd,
  query: { after: number; session_id?: string },
  count: number,
  onNews: (news: RelayNews) => unknown = () => {},
): Promise<(string | number)[]> {
  const stop = new AbortController();
  const seen: (string | number)[] = [];
  const news = relayEvents(
    codexd.api(),
    query,
    { clock: systemClock, signal: stop.signal },
  );
  for await (const it of news) {
    seen.push(it.kind === "event" ? it.event.seq : it.kind);
    if (seen.length === count) stop.abort();
    await onNews(it);
  }
  return seen;
}

Deno.test("relayEvents() gives what is kept behind `after`, then what comes", async () => {
  await using codexd = new FakeCodexd();
  for (let i = 0; i < 3; i++) codexd.push({});
  const seen = follow(codexd, { after: 1 }, 3);
  await codexd.followed();
  codexd.push({});
  assertEquals(await seen, [2, 3, 4]);
});

Deno.test("relayEvents() goes on behind the last event when codexd was away, and says so", async () => {
  await using codexd = new FakeCodexd();
  codexd.push({});
  const seen = await follow(codexd, { after: 0 }, 4, (news) => {
    if (news.kind === "event" && news.event.seq === 1) {
      codexd.hide();
      codexd.push({});
      codexd.show();
      codexd.push({});
    }
  });
  assertEquals(seen, [1, "away", 2, 3]);
});

Deno.test("relayEvents() passes the session on", async () => {
  await using codexd = new FakeCodexd();
  codexd.push({ session_id: "other" });
  codexd.push({ session_id: "mine" });
  codexd.push({ session_id: null });
  const query = { after: 0, session_id: "mine" };
  assertEquals(await follow(codexd, query, 2), [2, 3]);
});

Deno.test("EventSocket hangs up when too much waits, and still gives what it has", async () => {
  await using codexd = new FakeCodexd();
  const api = codexd.api();
  const socket = new EventSocket(
    () => api.openEvents({ after: 0 }),
    1000,
  );
  await codexd.followed();
  for (let i = 0; i < 20; i++) codexd.push({ data: { text: "x".repeat(100) } });
  while (codexd.sockets > 0) await new Promise((done) => setTimeout(done, 2));
  const seqs: number[] = [];
  for await (const { seq } of socket) seqs.push(seq);
  assertEquals(seqs.length > 2 && seqs.length < 20, true, `${seqs}`);
  assertEquals(seqs, seqs.map((_, index) => index + 1));
  assertEquals(socket.endReason, "the reader is behind");
});
