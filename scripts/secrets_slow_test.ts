import { assert, assertEquals } from "@std/assert";
import { parseMessage } from "../codexd/rpc/rpc_message.ts";
import { TrafficLog } from "../codexd/app_server/traffic_log.ts";
import {
  AS_OWNER,
  leading,
  newTask,
} from "../conductor/testing/automation_fixture.ts";
import { withoutCredentials } from "../conductor/browser/extension/mod.js";
import { CALLER } from "../conductor/browser/testing/outcome.ts";
import { createRig } from "../conductor/browser/testing/rig.ts";
import { execTarget } from "../host_ops/audit.ts";
import { redactedAudit } from "../shared/audit.ts";
import { createLogger } from "../shared/log.ts";
import { Redactor } from "../shared/redact.ts";
import { RotatingFile } from "../shared/rotating_file.ts";
import { FakeClock } from "../shared/testing/fake_clock.ts";
import { RecordingAudit, tempDir } from "../shared/testing/fakes.ts";
import {
  HONEST_SAMPLES,
  PLANTED,
  SECRET_SAMPLES,
} from "../shared/testing/secret_samples.ts";

type Sink = (samples: readonly string[]) => AsyncIterable<unknown>;

/** What each sink shows of texts, one after the other, however they come to it. */
const SINKS: Readonly<Record<string, Sink>> = {
  async *log(samples) {
    await using dir = await tempDir();
    const options = { folder: dir.path, family: "log" };
    using sink = new RotatingFile(options);
    const redactor = new Redactor();
    const clock = new FakeClock();
    const log = createLogger({ level: "info", clock, sink, redactor });
    let read = 0;
    for (const sample of samples) {
      log.error(sample, { note: sample, error: new Error(sample) });
      const [file] = Deno.readDirSync(dir.path);
      const text = Deno.readTextFileSync(dir.join(file?.name ?? ""));
      yield text.slice(read);
      read = text.length;
    }
  },
  "traffic log": each((sample) => {
    const lines: string[] = [];
    const log = new TrafficLog({ write: (line) => void lines.push(line) }, {
      redactor: new Redactor(),
      clock: new FakeClock(),
    });
    const params = { text: sample, json: JSON.stringify({ text: sample }) };
    const line = JSON.stringify({ method: "item/completed", params });
    log.line("in", line, parseMessage(line));
    log.line("out", sample, undefined);
    log.note("it ended", { stderr_tail: [sample] });
    return lines;
  }),
  audit: each(async (sample) => {
    const recorded = new RecordingAudit();
    const audit = redactedAudit(recorded, new Redactor());
    const entry = await audit.begin({
      action: "test",
      actor: { name: "owner", source: "http" },
      target: { title: sample },
    });
    entry.finish({ ok: true, facts: { note: sample } });
    return recorded.rows;
  }),
  "audit of commands": each((command) => [
    execTarget({ ...EXEC, command }),
    execTarget({ ...EXEC, args: ["sh", "-c", command] }),
  ]),
  async *"tasks and events"(samples) {
    using conductor = await leading();
    const { tasks, store, kind } = conductor;
    const { events } = store.stores;
    for (const [index, sample] of samples.entries()) {
      const payload = { command: sample, args: ["sh", "-c", sample] };
      const before = events.bounds().last;
      const { task } = await tasks.create(
        newTask({ title: sample, payload }),
        AS_OWNER,
      );
      await conductor.settle();
      const run = kind.at(index);
      assertEquals(run.payload, payload);
      run.end({ ok: false, code: "BROKEN", message: sample, result: null });
      await conductor.settle();
      const detail = tasks.get(task.task_id);
      assertEquals(detail.status, "failed");
      const listed = tasks.list({}, { limit: 1 });
      yield [task, detail, listed, events.after(before, 99)];
    }
  },
  async *"what the extension reports"(samples) {
    const { browser, connect, clock } = createRig();
    const socket = connect();
    for (const sample of samples) {
      const outcome = browser.actions.run({ action: "plugin_status" }, CALLER);
      await clock.advance(0);
      socket.say({
        type: "action_status",
        id: socket.last("plugin_status").id,
        action: "plugin_status",
        ok: false,
        result: { last: [{ note: sample }] },
        error: { code: "failed", message: sample },
      });
      yield await outcome;
    }
  },
};

const EXEC = {
  cwd: "/tmp",
  timeoutMs: 0,
  maxBufferBytes: 1,
  onLimit: "kill",
} as const;

function each(show: (sample: string) => unknown): Sink {
  return async function* (samples) {
    for (const sample of samples) yield await show(sample);
  };
}

for (const [name, sink] of Object.entries(SINKS)) {
  Deno.test(`no form of a secret is shown by: ${name}`, async () => {
    const samples = Object.values(SECRET_SAMPLES).flat();
    let seen = 0;
    for await (const it of sink(samples)) {
      const shown = JSON.stringify(it);
      assert(!shown.includes(PLANTED), `${samples[seen]} → ${shown}`);
      seen++;
    }
    assertEquals(seen, samples.length);
  });

  Deno.test(`what is no secret is shown whole by: ${name}`, async () => {
    let seen = 0;
    for await (const it of sink(HONEST_SAMPLES)) {
      const shown = JSON.stringify(it);
      assert(!shown.includes("***"), `${HONEST_SAMPLES[seen]} → ${shown}`);
      seen++;
    }
  });
}

Deno.test("there are samples of at least 92 forms of secrets", () => {
  const samples = Object.values(SECRET_SAMPLES).flat();
  assertEquals(new Set(samples).size, samples.length);
  assert(samples.length >= 92, String(samples.length));
});

Deno.test("no header that is a sample is reported by the extension", () => {
  for (const sample of SECRET_SAMPLES.headers ?? []) {
    const name = /^[\w-]+(?=: )/.exec(sample)?.[0];
    if (name === undefined) continue;
    assertEquals(withoutCredentials({ [name]: sample }), {}, name);
  }
});
