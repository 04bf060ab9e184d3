import { assert, assertEquals, assertMatch } from "@std/assert";
import { PNG } from "../../codexd/testing/png.ts";
import type { Session } from "../../shared/contracts/codexd.ts";
import type { Json } from "../../shared/testing/json.ts";
import { realCodexTest } from "../testing/real_codex_test_case.ts";

/** What Codex sent to the model last, as far as the contracts do not say it. */
const lastRequest = (requests: readonly unknown[]) => requests.at(-1) as Json;

realCodexTest(
  "model, effort, output_schema and an image reach the model",
  async (rig) => {
    const id = await rig.session();
    await Deno.writeFile(`${rig.work}/dot.png`, PNG);
    const schema = {
      type: "object",
      properties: { answer: { type: "string" } },
      required: ["answer"],
      additionalProperties: false,
    };
    const answer = await rig.data<{ status: string }>("/v1/codexd/turn", {
      session_id: id,
      prompt: [
        { type: "text", text: "look" },
        { type: "local_image", path: "dot.png" },
      ],
      model: "gpt-5.4",
      effort: "low",
      output_schema: schema,
      wait: true,
    });
    assertEquals(answer.status, "completed");
    const request = lastRequest(rig.model.requests);
    assertEquals([request.model, request.reasoning.effort], ["gpt-5.4", "low"]);
    assertEquals(request.text.format.schema, schema);
    assertMatch(JSON.stringify(request.input), /data:image\/png;base64,/);
    const { session } = await rig.read(id);
    assertEquals(session.model, "gpt-5.4");
    const { status, error } = await rig.call("/v1/codexd/turn", {
      session_id: id,
      input: [{ type: "image", url: "https://example.com/a.png" }],
    });
    assertEquals([status, error.retryable], [400, false]);
  },
);

realCodexTest(
  "a turn over its budget is interrupted, at most one response later; its partial text is kept",
  async (rig) => {
    const id = await rig.session();
    const round = '@model:shell cmd="true"';
    const over = await rig.turn(id, `${round} ${round} ${round} ${round}`, {
      max_total_tokens: 200,
    });
    assertEquals([over.status, over.turn.reason], [
      "interrupted",
      "BUDGET_EXCEEDED",
    ]);
    const used = over.usage?.turn?.total_tokens ?? 0;
    assert(used > 200 && used <= 200 + 120, `${used} tokens`);
    assert(rig.model.requests.length <= 3);
    const within = await rig.turn(id, "again", { max_total_tokens: 120 });
    assertEquals(within.status, "completed");
    await using follower = rig.follow();
    await follower.opened;
    const waiting = rig.turn(id, "@model:text n=1000 delay=20");
    await follower.until((event) => event.type === "message.delta");
    const cut = await rig.data<Json>("/v1/codexd/turn", {
      session_id: id,
      action: "interrupt",
      wait: true,
    });
    await waiting;
    assertMatch(cut.final_message, /^(word )+$/);
    const said = (await rig.read(id)).turns.at(-1)?.items.at(-1);
    assertEquals([said?.text, said?.partial], [cut.final_message, true]);
  },
);

realCodexTest(
  "tokens are counted once, by session, across a kill -9",
  async (rig) => {
    const id = await rig.session();
    await rig.turn(id, '@model:shell cmd="true" @model:text text=done');
    const { session_id: fork } = await rig.data<{ session_id: string }>(
      "/v1/codexd/sessions",
      { fork_of: id },
    );
    await rig.turn(fork, "in the fork");
    await rig.kill();
    await rig.restart();
    await rig.turn(id, "after");
    const { usage } = await rig.data<Json>(
      "/v1/codexd/status?usage_by=session",
    );
    assertEquals(
      new Map(usage.usage.map((it: Json) => [it.key, it.total_tokens])),
      new Map([[id, 360], [fork, 120]]),
    );
    assertEquals((await rig.read(fork)).turns.length, 2);
  },
);

realCodexTest(
  "a session is forked, compacted, reviewed, and archived",
  async (rig) => {
    // As the owner left it: Codex would mark a repository as trusted.
    const config = () => Deno.readTextFile(`${rig.home}/config.toml`);
    const before = await config();
    await Deno.mkdir(`${rig.work}/.git`);
    const id = await rig.session({ title: "One", sandbox: "workspace-write" });
    await rig.turn(id, "first");
    const compacted = await rig.turn(id, "", {
      action: "compact",
      input: undefined,
    });
    assertEquals(compacted.status, "completed");
    const review = await rig.turn(id, "look at the names", {
      action: "review",
    });
    assertEquals(
      [review.status, review.final_message],
      ["completed", "echo: look at the names"],
    );
    await using follower = rig.follow();
    await follower.opened;
    const waiting = rig.turn(id, "@model:text n=1000 delay=50", {
      action: "review",
    });
    await follower.until((event) => event.type === "turn.started");
    const ended = await rig.data<Json>("/v1/codexd/turn", {
      session_id: id,
      action: "interrupt",
      wait: true,
    });
    assertEquals([ended.status, (await waiting).status], [
      "interrupted",
      "interrupted",
    ]);
    const sessions = async (query = "") =>
      (await rig.data<{ sessions: Session[] }>(`/v1/codexd/sessions${query}`))
        .sessions.map(({ session_id }) => session_id);
    const archive = (archived: boolean) =>
      rig.data<Json>("/v1/codexd/sessions", { session_id: id, archived });
    assertEquals((await archive(true)).session.archived, true);
    assertEquals((await archive(true)).session.archived, true);
    assertEquals(await sessions(), []);
    assertEquals(await sessions("?archived=true"), [id]);
    const refused = await rig.call("/v1/codexd/turn", {
      session_id: id,
      input: "x",
    });
    assertEquals([refused.status, refused.error.code], [409, "CONFLICT"]);
    assertEquals((await archive(false)).session.archived, false);
    assertEquals(await sessions(), [id]);
    assertEquals((await rig.turn(id, "and on")).status, "completed");
    assertEquals(await config(), before);
  },
);

realCodexTest(
  "rate limits are shown as the model's provider tells them",
  async (rig) => {
    assertEquals((await rig.status()).rate_limits, null);
    await rig.turn(await rig.session(), "@model:text used=42");
    const { rate_limits } = await rig.status();
    assertEquals(rate_limits?.primary, {
      used_percent: 42,
      window_minutes: 300,
      resets_at: "2030-03-17T17:46:40.000Z",
    });
  },
);
