import { assertEquals } from "@std/assert";
import { systemClock } from "../../shared/clock.ts";
import { FakeCodexd } from "../codex/testing/fake_codexd.ts";
import { OwnerBrowser, OWNERS_TOKEN } from "../testing/owner_browser.ts";
import { testConductor } from "../testing/test_conductor.ts";

Deno.test("of 10 000 replays, cross-uses, cross-origin posts and late uses none is taken", async () => {
  let passed = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + passed };
  await using codexd = new FakeCodexd();
  await using conductor = await testConductor(
    { ...codexd.env, BAA_SHARED_TOKEN: OWNERS_TOKEN },
    { clock },
  );
  await codexd.followed();
  for (const id of ["apr_1", "apr_2", "apr_3"]) codexd.ask(id);
  const owner = await new OwnerBrowser(conductor).signIn();
  const other = await new OwnerBrowser(conductor).signIn();
  const decision = "accept";
  const [late = ""] = await owner.keys("apr_2");
  passed = 15 * 60_000;
  const [used = ""] = await owner.keys("apr_1");
  const [fresh = ""] = await owner.keys("apr_2");
  const first = await owner.answer("apr_1", { key: used, decision });
  await first.body?.cancel();
  assertEquals(first.status, 303);
  const attacks = [
    () => owner.answer("apr_1", { key: used, decision }),
    () => owner.answer("apr_3", { key: fresh, decision }),
    () => other.answer("apr_2", { key: fresh, decision }),
    () => owner.answer("apr_2", { key: late, decision }),
    () =>
      owner.answer("apr_2", { key: fresh, decision }, {
        origin: "http://127.0.0.1:8080",
      }),
  ];
  const counts = new Map<number, number>();
  for (let done = 0; done < 10_000; done += 500) {
    const answers = await Promise.all(
      Array.from({ length: 500 }, (_, n) => attacks[n % attacks.length]?.()),
    );
    for (const answer of answers) {
      await answer?.body?.cancel();
      const status = answer?.status ?? 0;
      counts.set(status, (counts.get(status) ?? 0) + 1);
    }
  }
  assertEquals(Object.fromEntries(counts), { 403: 2000, 409: 8000 });
  const taken = () =>
    codexd.seen.filter(({ method }) => method === "POST").length;
  assertEquals(taken(), 1);
  // All that time it was good, for one use of two that come at once.
  const both = await Promise.all(
    [1, 2].map(() => owner.answer("apr_2", { key: fresh, decision })),
  );
  for (const answer of both) await answer.body?.cancel();
  assertEquals(both.map(({ status }) => status).sort(), [303, 409]);
  assertEquals(taken(), 2);
});
