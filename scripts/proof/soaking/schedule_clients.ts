import { type Desk, expect, type MakeClient } from "./soak_client.ts";

/** Makes a task again and again, from the start of the load to its end; looked at afterwards. */
export const REGULAR = "soak-regular";

/** Minutes of the daemons' clock between two of its due times: a task takes a second or two. */
export function minutesBetween({ stage }: Desk): number {
  return (stage.time?.speed ?? 1) > 4 ? 15 : 1;
}

function put(desk: Desk, name: string, cron: string) {
  return desk.ledger.time("schedule, put", async () => {
    const response = await fetch(`${desk.stage.origin}/v1/schedules/${name}`, {
      method: "PUT",
      headers: { "content-type": "application/json", ...desk.headers },
      body: JSON.stringify({
        cron,
        overlap: "queue",
        // As late as a busy machine starts it, at whatever speed.
        grace_ms: desk.daemonMs(60_000),
        task: {
          title: `Soak: ${name}`,
          labels: [name],
          kind: "exec",
          payload: { command: "echo scheduled" },
        },
      }),
    });
    const answer = await response.json();
    if (!answer.ok) throw new Error(JSON.stringify(answer.error));
    desk.ledger.acknowledged.add(answer.request_id);
    return answer.data;
  });
}

const steady: MakeClient = (desk) => ({
  everyMs: 10_000,
  async act(round) {
    if (round === 0) {
      await put(desk, REGULAR, `*/${minutesBetween(desk)} * * * *`);
    }
    const { enabled, missed } = await desk.get(
      "schedule, read",
      `/v1/schedules/${REGULAR}`,
    );
    expect([enabled, missed.total], [true, 0]);
  },
});

/** Makes, runs and deletes schedules. */
const changing: MakeClient = (desk) => ({
  everyMs: 5000,
  async act(round) {
    const name = `soak-${round % 3}`;
    await put(desk, name, `${round % 60} 4 * * *`);
    const url = `/v1/schedules/${name}`;
    const { task_id } = await desk.post("schedule, run", `${url}/run`, {});
    desk.ledger.tasks.set(task_id, "succeeded");
    await desk.ledger.time("schedule, deleted", async () => {
      const response = await fetch(desk.stage.origin + url, {
        method: "DELETE",
        headers: desk.headers,
      });
      expect((await response.json()).ok, true);
    });
  },
});

/** Who has conductor work by the clock. */
export const SCHEDULE_CLIENTS: Readonly<Record<string, MakeClient>> = {
  steady,
  changing,
};
