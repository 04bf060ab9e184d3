import { assertEquals } from "@std/assert";
import { exists } from "@std/fs";
import type { CodexRig } from "../testing/codex_rig.ts";
import { realCodexTest } from "../testing/real_codex_test_case.ts";

/** Whether a turn that does what `step` says leaves a file at `path`. */
async function writes(
  rig: CodexRig,
  { id, path, step }: {
    readonly id: string;
    readonly path: string;
    readonly step: string;
  },
): Promise<boolean> {
  const turn = await rig.turn(id, `${step} @model:text text=done`);
  assertEquals([turn.status, turn.final_message], ["completed", "done"]);
  return await exists(path);
}

realCodexTest(
  "a session is as narrow as it was last asked to be",
  async (rig) => {
    const id = await rig.session({ sandbox: "read-only" });
    let count = 0;
    const canWrite = () => {
      const path = `${rig.work}/file-${count++}`;
      const step = `@model:shell cmd="echo x > ${path}"`;
      return writes(rig, { id, path, step });
    };
    const ask = async (sandbox: string) => {
      const body = { session_id: id, sandbox };
      const { session } = await rig.data<{ session: { sandbox: string } }>(
        "/v1/codexd/sessions",
        body,
      );
      assertEquals(session.sandbox, sandbox);
    };
    assertEquals(await canWrite(), false);
    await ask("workspace-write");
    assertEquals(await canWrite(), true);
    await ask("read-only");
    assertEquals(await canWrite(), false);
    assertEquals(await canWrite(), false);
    await ask("workspace-write");
    assertEquals(await canWrite(), true);
    await ask("read-only");
    await rig.kill();
    await rig.restart();
    assertEquals(await canWrite(), false);
  },
);

/** What leaves a read-only sandbox, and what of it is asked for. */
const WAYS_OUT = [
  [
    "a command that says why",
    (path: string) => `@model:shell cmd="echo x > ${path}" escalate=1`,
  ],
  [
    "a command that does not",
    (path: string) =>
      `@model:shell cmd="echo x > ${path}" escalate=1 reason=""`,
  ],
  ["a patch", (path: string) => `@model:patch file=${path} text=x`],
] as const;

for (const max of ["read-only", "workspace-write"]) {
  realCodexTest(
    `with approvals accept nothing leaves ${max} by itself, and the events say so`,
    async (rig) => {
      for (const approval_policy of ["on-request", "untrusted"]) {
        for (const [way, step] of WAYS_OUT) {
          const id = await rig.session({ approval_policy });
          const path = `${rig.folder}/${approval_policy} ${way}`
            .replaceAll(" ", "-");
          await using follower = rig.follow(`?session_id=${id}`);
          await follower.opened;
          const wrote = await writes(rig, { id, path, step: step(path) });
          assertEquals([way, wrote], [way, false]);
          const { data } = await follower.until((event) =>
            event.type === "approval.resolved"
          );
          assertEquals(
            [data.decision, data.by, data.beyond_max_sandbox],
            ["decline", "policy", true],
          );
        }
      }
    },
    { BAA_CODEX_APPROVALS: "accept", BAA_CODEX_MAX_SANDBOX: max },
  );
}

realCodexTest(
  "a person may let a command go beyond, and the events say so",
  async (rig) => {
    const id = await rig.session();
    const path = `${rig.folder}/beyond`;
    await using follower = rig.follow();
    await follower.opened;
    const step = `@model:shell cmd="echo x > ${path}" escalate=1`;
    const writing = writes(rig, { id, path, step });
    const asked = await follower.until(({ type }) =>
      type === "approval.requested"
    );
    assertEquals(asked.data.beyond_max_sandbox, true);
    const { approval_id } = asked.data;
    const answer = {
      type: "approval.respond",
      approval_id,
      decision: "accept",
    };
    assertEquals((await follower.ask(answer)).ok, true);
    assertEquals(await writing, true);
    const { data } = await follower.until(({ type }) =>
      type === "approval.resolved"
    );
    assertEquals(
      [data.decision, data.by, data.beyond_max_sandbox],
      ["accept", "client", true],
    );
  },
  { BAA_CODEX_APPROVALS: "ask", BAA_CODEX_MAX_SANDBOX: "read-only" },
);

realCodexTest(
  "with approvals accept and the widest sandbox a command that asks runs",
  async (rig) => {
    const id = await rig.session({ sandbox: "read-only" });
    const path = `${rig.folder}/allowed`;
    const step = `@model:shell cmd="echo x > ${path}" escalate=1`;
    assertEquals(await writes(rig, { id, path, step }), true);
  },
  {
    BAA_CODEX_APPROVALS: "accept",
    BAA_CODEX_MAX_SANDBOX: "danger-full-access",
  },
);
