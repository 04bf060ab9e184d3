import type {
  ChildProcess,
  ProcessGroups,
} from "../../host_ops/process/mod.ts";
import { LineSplitter } from "../../shared/lines.ts";
import { FakeAppServer, type FakeBehaviour } from "./fake_app_server.ts";
import type { FakeDisk } from "./fake_threads.ts";

/** A stand-in process that runs. */
export interface FakeLife {
  readonly pid: number;
  /** Every request and answer that it was given, parsed. */
  readonly received: Record<string, unknown>[];
  /** Ends it as a signal from outside would. */
  kill(signal: Deno.Signal): void;
  /** Writes to its standard output or error, as it stands. */
  print(text: string, to?: "stdout" | "stderr"): void;
}

/** A machine on which Codex is a stand-in, all in memory. */
export interface FakeMachine {
  readonly start: ProcessGroups["startPiped"];
  readonly disk: FakeDisk;
  /** What it tells as its CODEX_HOME. */
  home: string;
  /** Of the lives that begin from now on. */
  behaviour: FakeBehaviour & {
    /** Does not end with its input, only by force. */
    readonly stubborn?: boolean;
  };
  /** Every app-server so far, the newest last. */
  readonly lives: FakeLife[];
  /** Resolves with the next app-server that is started. */
  next(): Promise<FakeLife>;
}

/** Returns a machine whose Codex keeps its threads in `disk`. */
export function fakeMachine(
  behaviour: FakeMachine["behaviour"] = {},
): FakeMachine {
  const waiting: ((life: FakeLife) => void)[] = [];
  const machine: FakeMachine = {
    disk: new Map(),
    home: "/nowhere",
    behaviour,
    lives: [],
    next: () => new Promise((resolve) => waiting.push(resolve)),
    start({ argv }) {
      const pid = 1000 + machine.lives.length;
      if (argv[1] === "--version") {
        const version = machine.behaviour.version ?? "0.169.0";
        return Promise.resolve(versionChild(version));
      }
      const { child, life } = appServerChild(pid, machine);
      machine.lives.push(life);
      for (const resolve of waiting.splice(0)) resolve(life);
      return Promise.resolve(child);
    },
  };
  return machine;
}

const encoder = new TextEncoder();

/** Streams and an end, in the hands of whoever plays the process. */
function fakeChild(pid: number, input: {
  line(line: string): void;
  ended(): void;
}) {
  const outputs: ReadableStreamDefaultController<Uint8Array>[] = [];
  const [stdout, stderr] = [0, 1].map(() =>
    new ReadableStream<Uint8Array>({
      start: (controller) => void outputs.push(controller),
    })
  );
  const { promise, resolve } = Promise.withResolvers<Deno.CommandStatus>();
  let over = false;
  function exit(code: number, signal: Deno.Signal | null = null): void {
    if (over) return;
    over = true;
    for (const output of outputs) {
      try {
        output.close();
      } catch {
        // Its reader has cancelled it.
      }
    }
    resolve({ success: code === 0, code, signal });
  }
  const splitter = new LineSplitter({ maxChars: Infinity });
  const child: ChildProcess = {
    pid,
    stdout: stdout as ReadableStream<Uint8Array>,
    stderr: stderr as ReadableStream<Uint8Array>,
    stdin: new WritableStream({
      write(bytes) {
        if (over) throw new Error("Broken pipe");
        for (const line of splitter.push(bytes)) if (!over) input.line(line);
      },
      close: () => input.ended(),
    }),
    status: promise,
    terminate: () => exit(143, "SIGTERM"),
    alive: () => Promise.resolve(!over),
    members: () => Promise.resolve({ count: over ? 0 : 1, strays: [] }),
    endStrays: () => {},
    end() {
      exit(137, "SIGKILL");
      return Promise.resolve();
    },
  };
  function print(text: string, to: "stdout" | "stderr" = "stdout"): void {
    if (!over) outputs[to === "stdout" ? 0 : 1]?.enqueue(encoder.encode(text));
  }
  return { child, exit, print };
}

function versionChild(version: string): ChildProcess {
  const { child, exit, print } = fakeChild(1, { line() {}, ended() {} });
  print(`codex-cli ${version}\n`);
  exit(0);
  return child;
}

function appServerChild(pid: number, machine: FakeMachine) {
  const { behaviour, disk } = machine;
  const received: Record<string, unknown>[] = [];
  const { child, exit, print } = fakeChild(pid, {
    line(line) {
      received.push(JSON.parse(line));
      server.receive(line);
    },
    ended() {
      if (behaviour.stubborn) return;
      server.end();
      exit(0);
    },
  });
  const server = new FakeAppServer({
    disk,
    behaviour,
    home: machine.home,
    write: (line) => print(line + "\n"),
    exit,
  });
  const life: FakeLife = {
    pid,
    received,
    print,
    kill(signal) {
      server.end();
      exit(128, signal);
    },
  };
  const end = child.end;
  return {
    life,
    child: {
      ...child,
      terminate: () => life.kill("SIGTERM"),
      end: () => {
        server.end();
        return end();
      },
    },
  };
}
