import { assert, assertEquals } from "@std/assert";
import { residentMiB } from "../bench/harness.ts";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { readEvents } from "../../shared/testing/sse_reader.ts";
import { call } from "../testing/http.ts";
import { until } from "../../shared/testing/until.ts";

const TASKS = 50;
const LINES = 5000;
const COMMAND = `seq -f 'line %g of a task' 1 ${LINES}`;
/** More than the sockets between a reader and conductor hold, and slow enough for a log to keep. */
const WIDE_COMMAND =
  `awk 'BEGIN { s = sprintf("%8000s", "x"); for (i = 0; i < ${LINES}; i++) { print s; if (i % 100 == 0) { fflush(); system("sleep 0.05") } } }'`;
const EVENTS = { accept: "text/event-stream" };

async function create(
  { origin }: RunningDaemon,
  payload: Record<string, unknown>,
): Promise<string> {
  const body = { title: "flood", kind: "exec", payload };
  const { data } = await call(`${origin}/v1/tasks`, body);
  return data.task_id;
}

/**
 * Follows a task's log to its end; every line must come once, in order. With
 * `leaveAfter` it leaves now and then, and resumes.
 */
async function readAll(
  url: string,
  options: { readonly leaveAfter?: number } = {},
): Promise<void> {
  const { leaveAfter = Infinity } = options;
  let last = 0;
  let ended = false;
  while (!ended) {
    const response = await fetch(url, {
      headers: { ...EVENTS, ...(last > 0 && { "last-event-id": `${last}` }) },
    });
    let taken = 0;
    for await (const { event, id, data } of readEvents(response)) {
      if (event === "end") {
        ended = true;
        break;
      }
      // The line that is open meanwhile; it comes again when it has ended.
      if (event === "open") continue;
      last += 1;
      assertEquals([event, id], ["log", `${last}`]);
      const line = last - 1;
      assertEquals(
        data.message,
        line === 0 ? "Attempt 1 of 1 starts" : `line ${line} of a task`,
      );
      if (++taken === leaveAfter) break;
    }
  }
  assertEquals(last, LINES + 1, url);
}

/** Opens a stream and reads nothing of it: nobody else may feel that. */
async function openUnread(url: URL): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({
    hostname: url.hostname,
    port: Number(url.port),
  });
  const request =
    `GET ${url.pathname} HTTP/1.1\r\nhost: ${url.host}\r\naccept: text/event-stream\r\nconnection: close\r\n\r\n`;
  await connection.write(new TextEncoder().encode(request));
  return connection;
}

Deno.test(`${TASKS} tasks of ${LINES} lines reach every reader that reads, in order`, async () => {
  await using conductor = await startDaemon("conductor", {
    BAA_RETENTION_ROWS: "2000000",
    BAA_MAX_CONCURRENT_RUNS: "4",
  });
  const at = (taskId: string) => `${conductor.origin}/v1/tasks/${taskId}/logs`;
  const wide = await create(conductor, {
    command: WIDE_COMMAND,
    maxBufferBytes: 67_108_864,
  });
  using _unread = await openUnread(new URL(at(wide)));

  const events = fetch(`${conductor.origin}/v1/events?after=0`, {
    headers: EVENTS,
  }).then(
    async (response) => {
      let seq = 0;
      let finished = 0;
      for await (const { event, id } of readEvents(response)) {
        assertEquals(id, `${++seq}`, "an event is missing");
        if (event === "run.finished" && ++finished === TASKS + 1) return;
      }
      throw new Error("The events ended before the runs");
    },
  );
  const ids: string[] = [];
  const readers: Promise<void>[] = [];
  const follow = async (every: number, leaveAfter?: number) => {
    for (let index = 0; index < TASKS; index += every) {
      const id = await until(
        () => Promise.resolve(ids[index]),
        (it) => it !== undefined,
        { withinMs: 60_000 },
      );
      const options = leaveAfter === undefined ? {} : { leaveAfter };
      await readAll(at(id ?? ""), options);
    }
  };
  readers.push(follow(1), follow(10, 1777));
  for (let index = 0; index < TASKS; index++) {
    ids.push(await create(conductor, { command: COMMAND }));
  }
  await Promise.all([...readers, events]);

  const resident = await residentMiB(conductor.pid);
  assert(!(resident > 400), `${resident} MiB are resident`);
  const { data } = await call(`${conductor.origin}/v1/system/state`);
  assertEquals(data.queue, { active_runs: 0, queued_tasks: 0 });
});
