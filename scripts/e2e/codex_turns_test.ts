import { assert, assertEquals, assertMatch } from "@std/assert";
import { exists } from "@std/fs";
import type { TestFollower } from "../../codexd/testing/test_follower.ts";
import { pause } from "../../shared/testing/until.ts";
import { realCodexTest } from "../testing/real_codex_test_case.ts";

/** How the first command ended that the events tell of. */
async function commandStatus(follower: TestFollower): Promise<unknown> {
  const event = await follower.until((event) =>
    event.type === "item.completed" &&
    (event.data.item as { type: string }).type === "commandExecution"
  );
  return (event.data.item as { status: string }).status;
}

realCodexTest("a text turn is told, answered, and kept", async (rig) => {
  const id = await rig.session({ title: "A title" });
  await using follower = rig.follow();
  await follower.opened;
  const answer = await rig.turn(id, '@model:text n=5 text="word "');
  assertEquals(
    [answer.status, answer.final_message],
    ["completed", "word word word word word "],
  );
  const { total_tokens } = answer.usage?.total as { total_tokens: number };
  assertEquals(total_tokens, 120);
  await follower.until((event) => event.type === "turn.completed");
  const types = follower.events.filter((event) =>
    event.turn_id === answer.turn_id
  ).map((event) => event.type);
  for (
    const type of [
      "turn.started",
      "item.completed",
      "message.delta",
      "usage.updated",
      "turn.completed",
    ]
  ) assert(types.includes(type), `${type} is not in ${types}`);
  const { session, turns } = await rig.read(id);
  assertEquals([session.title, turns.length], ["A title", 1]);
  const version = (await rig.status()).app_server.version;
  assertEquals(version, "0.169.0");
});

realCodexTest("a slow turn is interrupted, at any moment", async (rig) => {
  const id = await rig.session();
  for (const waitForText of [true, false]) {
    await using follower = rig.follow();
    await follower.opened;
    const waiting = rig.turn(id, "@model:text n=1000 delay=50");
    if (waitForText) {
      await follower.until((event) => event.type === "message.delta");
    } else {
      await follower.until((event) => event.type === "turn.started");
    }
    const interrupted = await rig.data("/v1/codexd/turn", {
      session_id: id,
      action: "interrupt",
      wait: true,
    }) as { status: string };
    assertEquals(interrupted.status, "interrupted");
    assertEquals((await waiting).status, "interrupted");
  }
  assertEquals((await rig.turn(id, "again")).status, "completed");
});

realCodexTest("an interrupt ends the turn's command too", async (rig) => {
  const id = await rig.session({ sandbox: "workspace-write" });
  const marker = `${rig.work}/alive`;
  await using follower = rig.follow();
  await follower.opened;
  const command = `while true; do date +%s%N > alive; sleep 0.05; done`;
  const waiting = rig.turn(id, `@model:shell cmd="${command}"`);
  await follower.until((event) =>
    event.type === "item.started" &&
    (event.data.item as { type: string }).type === "commandExecution"
  );
  while (!await exists(marker)) await pause(20);
  await rig.data("/v1/codexd/turn", {
    session_id: id,
    action: "interrupt",
  });
  assertEquals((await waiting).status, "interrupted");
  await untilStill(marker);
});

realCodexTest("a running turn is steered", async (rig) => {
  const id = await rig.session();
  await using follower = rig.follow();
  await follower.opened;
  const waiting = rig.turn(id, "@model:text n=1000 delay=50");
  await follower.until((event) => event.type === "message.delta");
  const steered = await rig.data("/v1/codexd/turn", {
    session_id: id,
    action: "steer",
    input: '@model:text text="steered"',
  }) as { turn_id: string };
  const answer = await waiting;
  assertEquals(
    [answer.turn_id, answer.status, answer.final_message],
    [steered.turn_id, "completed", "steered"],
  );
});

realCodexTest(
  "a command that asks is declined by default, and the turn goes on",
  async (rig) => {
    const id = await rig.session({ sandbox: "workspace-write" });
    await using follower = rig.follow("?after=0");
    const answer = await rig.turn(
      id,
      '@model:shell cmd="touch outside" escalate=1 @model:text text="declined then"',
    );
    assertEquals(
      [answer.status, answer.final_message],
      ["completed", "declined then"],
    );
    assertEquals(await commandStatus(follower), "declined");
    assertEquals(await exists(`${rig.work}/outside`), false);
  },
);

realCodexTest(
  "a command that asks runs when a client accepts it",
  async (rig) => {
    const id = await rig.session({ sandbox: "workspace-write" });
    await using follower = rig.follow();
    await follower.opened;
    const waiting = rig.turn(
      id,
      '@model:shell cmd="echo ran > asked.txt" escalate=1 @model:text text=done',
    );
    const asked = await follower.until((event) =>
      event.type === "approval.requested"
    );
    assertMatch(String(asked.data.command), /echo ran > asked.txt/);
    const reply = await follower.ask({
      type: "approval.respond",
      approval_id: asked.data.approval_id,
      decision: "accept",
    });
    assertEquals(reply.ok, true);
    assertEquals((await waiting).status, "completed");
    assertEquals(await Deno.readTextFile(`${rig.work}/asked.txt`), "ran\n");
  },
  { BAA_CODEX_APPROVALS: "ask" },
);

realCodexTest("what nobody answers is declined in time", async (rig) => {
  const id = await rig.session({ sandbox: "workspace-write" });
  await using follower = rig.follow("?after=0");
  const answer = await rig.turn(id, '@model:shell cmd="touch x" escalate=1');
  assertEquals(answer.status, "completed");
  assertEquals(await commandStatus(follower), "declined");
}, { BAA_CODEX_APPROVALS: "ask", BAA_CODEX_APPROVAL_TIMEOUT_MS: "300" });

realCodexTest("trouble with the model is told as it is", async (rig) => {
  const id = await rig.session();
  const tooMany = await rig.turn(id, "@model:status code=429");
  assertEquals(tooMany.status, "failed");
  assertEquals(tooMany.turn.error?.info, {
    response_too_many_failed_attempts: { http_status_code: 429 },
  });
  const broken = await rig.turn(id, "@model:status code=500");
  assertEquals(
    [broken.status, broken.turn.error?.info],
    ["failed", "internalServerError"],
  );
  const cut = await rig.turn(id, "@model:break after=2");
  assertEquals(cut.status, "failed");
  assertMatch(cut.turn.error?.message ?? "", /stream/);
  const recovered = await rig.turn(id, "@model:status code=500 times=1");
  assertEquals(
    [recovered.status, recovered.final_message],
    ["completed", "recovered"],
  );
});

realCodexTest(
  "twenty sessions run at once, each with its own answer",
  async (rig) => {
    const ids = await Promise.all(
      Array.from({ length: 20 }, () => rig.session()),
    );
    const answers = await Promise.all(
      ids.map((id, index) =>
        rig.turn(id, `@model:text n=5 delay=100 text="${index} "`)
      ),
    );
    assertEquals(
      answers.map((answer) => answer.final_message),
      ids.map((_, index) => `${index} `.repeat(5)),
    );
    const list = await rig.data("/v1/codexd/sessions?limit=200") as {
      sessions: { session_id: string }[];
    };
    assertEquals(
      list.sessions.map((session) => session.session_id).sort(),
      ids.sort(),
    );
  },
);

/** Waits until nobody writes a file any more. */
async function untilStill(path: string): Promise<void> {
  for (let tries = 0; tries < 100; tries++) {
    const before = await Deno.readTextFile(path);
    await pause(200);
    if (await Deno.readTextFile(path) === before) return;
  }
  throw new Error(`Somebody still writes ${path}`);
}
