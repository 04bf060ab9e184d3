import {
  type FakeDisk,
  type FakeThread,
  FakeThreads,
  Refusal,
  textOf,
  turnView,
  uuid7,
  view,
} from "./fake_threads.ts";
import { type FakeTurn, runFakeTurn } from "./fake_turn.ts";

/** How this stand-in differs from a good app-server. */
export interface FakeBehaviour {
  /** Dies when it is asked this. */
  readonly diesAt?: string;
  /** Never answers this. */
  readonly silentAt?: string;
  /** Has no such methods. */
  readonly lacks?: readonly string[];
  /** Answers `turn/start` only after it has told of the whole turn. */
  readonly reorders?: boolean;
  readonly requiresLogin?: boolean;
  readonly version?: string;
}

/** What the stand-in is connected to. */
export interface FakePorts {
  readonly disk: FakeDisk;
  readonly behaviour?: FakeBehaviour;
  readonly home?: string;
  write(line: string): void;
  exit(code: number): void;
  /** Told when something that must outlive the process has changed. */
  saved?(): void;
}

interface RunningTurn {
  readonly stop: AbortController;
  /** The one that `turn/interrupt` takes. */
  readonly id: string;
}

type Params = Record<string, unknown> & { readonly threadId: string };

/** Speaks the app-server's protocol, with threads of its own and no model behind it. */
export class FakeAppServer {
  readonly #ports: FakePorts;
  readonly #threads: FakeThreads;
  readonly #running = new Map<string, RunningTurn>();
  readonly #questions = new Map<number, (answer: unknown) => void>();
  #lastQuestion = -1;

  constructor(ports: FakePorts) {
    this.#ports = ports;
    this.#threads = new FakeThreads(ports.disk);
  }

  /** Takes one line of its input. */
  receive(line: string): void {
    let message: Record<string, unknown>;
    try {
      message = JSON.parse(line);
    } catch {
      return;
    }
    const { id, method, params = {}, result } = message;
    if (typeof method !== "string") {
      this.#questions.get(id as number)?.(result);
      this.#questions.delete(id as number);
      return;
    }
    const { diesAt, silentAt } = this.#ports.behaviour ?? {};
    if (method === diesAt) return this.#die(3);
    if (method === silentAt || id === undefined) return;
    try {
      const answer = this.#answer(
        method,
        params as Params,
        (late) => this.#write({ id, result: late }),
      );
      if (answer !== undefined) this.#write({ id, result: answer });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.#write({ error: { code: -32600, message: error.message }, id });
    }
  }

  /** Its input has ended, or it was killed. */
  end(): void {
    for (const { stop } of this.#running.values()) stop.abort();
    for (const settle of this.#questions.values()) settle(undefined);
    this.#threads.interruptAll();
    this.#ports.saved?.();
  }

  #answer(
    method: string,
    params: Params,
    later: (result: unknown) => void,
  ): unknown {
    const threads = this.#threads;
    if (this.#ports.behaviour?.lacks?.includes(method)) {
      throw new Refusal(`Invalid request: unknown variant \`${method}\``);
    }
    const { behaviour } = this.#ports;
    switch (method) {
      case "initialize":
        return {
          userAgent: `codexd/${behaviour?.version ?? "0.169.0"} (stand-in)`,
          codexHome: this.#ports.home,
        };
      case "account/read":
        return {
          account: null,
          requiresOpenaiAuth: behaviour?.requiresLogin ?? false,
        };
      case "thread/start":
        return this.#open(threads.make(params));
      case "thread/fork":
        return this.#open(threads.fork(params));
      case "thread/archive":
      case "thread/unarchive": {
        const thread = threads.known(params.threadId);
        thread.archived = method === "thread/archive";
        if (thread.archived) threads.unload(thread.id);
        threads.save(thread);
        this.#notify(`${method}d`, { threadId: thread.id });
        return {};
      }
      case "thread/settings/update":
        this.#setLimits(threads.inMemory(params.threadId), params);
        return {};
      case "thread/compact/start":
        this.#startTurn({ ...params, input: [] }, () => {});
        return {};
      case "review/start":
        return this.#startReview(params);
      case "thread/resume":
        return this.#open(threads.load(params.threadId));
      case "thread/read": {
        const thread = threads.known(params.threadId);
        const turns = params.includeTurns === true ? thread.turns : [];
        return { thread: { ...view(thread), turns: turns.map(turnView) } };
      }
      case "thread/name/set": {
        const thread = threads.known(params.threadId);
        thread.name = String(params.name);
        threads.save(thread);
        this.#ports.saved?.();
        this.#notify("thread/name/updated", {
          threadId: thread.id,
          threadName: thread.name,
        });
        return {};
      }
      case "thread/list":
        return threads.list(params);
      case "thread/turns/list": {
        const thread = threads.known(params.threadId);
        if (thread.turns.length === 0) {
          throw new Refusal(`thread ${thread.id} is not materialized yet`);
        }
        return {
          data: thread.turns.toReversed().map(turnView),
          nextCursor: null,
        };
      }
      case "turn/start":
        return this.#startTurn(params, later);
      case "turn/steer":
        return this.#steer(params);
      case "turn/interrupt":
        return this.#interrupt(params);
      case "thread/unsubscribe":
        threads.unload(params.threadId);
        return { status: "unsubscribed" };
      case "thread/loaded/list":
        return { data: threads.loaded };
      case "thread/backgroundTerminals/clean":
        return {};
      default:
        throw new Refusal(`Invalid request: unknown variant \`${method}\``);
    }
  }

  #open(thread: FakeThread): unknown {
    this.#notify("thread/started", { thread: view(thread) });
    return {
      thread: view(thread),
      model: "stand-in",
      cwd: thread.cwd,
      approvalPolicy: thread.approvalPolicy,
      sandbox: { type: thread.sandbox, networkAccess: false },
    };
  }

  /** `innerId`: of the turn that is announced in the place of this one. */
  #startTurn(
    params: Params,
    later: (result: unknown) => void,
    innerId?: string,
  ): unknown {
    const thread = this.#threads.inMemory(params.threadId);
    const steered = thread.turns.find((it) => it.status === "inProgress");
    // As the real one: a second start is taken as steering.
    if (steered !== undefined) return { turn: turnView(steered) };
    this.#setLimits(thread, params);
    const prompt = textOf(params.input);
    const turn: FakeTurn = {
      id: uuid7(),
      status: "inProgress",
      error: null,
      startedAt: Math.floor(Date.now() / 1000),
      completedAt: null,
      items: [{
        type: "userMessage",
        id: uuid7(),
        clientId: params.clientUserMessageId ?? null,
        content: params.input,
      }],
    };
    thread.turns.push(turn);
    this.#threads.save(thread);
    this.#ports.saved?.();
    const answer = { turn: turnView(turn) };
    const reorders = this.#ports.behaviour?.reorders === true;
    queueMicrotask(() =>
      void this.#runTurn(thread, turn, { prompt, innerId }).then(() => {
        if (reorders) later(answer);
      })
    );
    return reorders ? undefined : answer;
  }

  /** What is said with a turn holds for those after it, too. */
  #setLimits(thread: FakeThread, params: Params): void {
    const policy = params.sandboxPolicy as { type?: string } | undefined;
    if (policy?.type !== undefined) thread.sandbox = policy.type;
    if (params.approvalPolicy !== undefined) {
      thread.approvalPolicy = String(params.approvalPolicy);
    }
  }

  /** As the real one: the review is a turn, within which another one runs. */
  #startReview(params: Params): unknown {
    const { target } = params as { target?: { instructions?: string } };
    const input = [{ type: "text", text: target?.instructions ?? "a review" }];
    return this.#startTurn({ ...params, input }, () => {}, uuid7());
  }

  async #runTurn(
    thread: FakeThread,
    turn: FakeTurn,
    { prompt, innerId = turn.id }: {
      readonly prompt: string;
      readonly innerId?: string | undefined;
    },
  ): Promise<void> {
    const stop = new AbortController();
    const threadId = thread.id;
    this.#running.set(threadId, { stop, id: innerId });
    this.#notify("turn/started", {
      threadId,
      turn: { ...turnView(turn), id: innerId, rootTurnId: turn.id },
    });
    await runFakeTurn(prompt, {
      threadId,
      turn,
      signal: stop.signal,
      notify: (method, params) => this.#notify(method, params),
      ask: (method, params) => this.#ask(method, params, stop.signal),
      countResponse: () => ++thread.responses,
      raw: (line) => this.#ports.write(line),
      die: (code) => this.#die(code),
    });
    if (this.#running.get(threadId)?.stop !== stop) return;
    this.#running.delete(threadId);
    if (turn.status === "inProgress") turn.status = "interrupted";
    turn.completedAt = Math.floor(Date.now() / 1000);
    this.#ports.saved?.();
    this.#notify("turn/completed", { threadId, turn: turnView(turn) });
  }

  #interrupt({ threadId, turnId }: Params): unknown {
    const running = this.#running.get(threadId);
    if (running === undefined) throw new Refusal("no active turn to interrupt");
    if (running.id !== turnId) {
      throw new Refusal(
        `expected active turn id ${turnId} but found ${running.id}`,
      );
    }
    running.stop.abort();
    return {};
  }

  #steer(params: Params): unknown {
    const thread = this.#threads.inMemory(params.threadId);
    const turn = thread.turns.find((it) => it.status === "inProgress");
    if (turn === undefined) throw new Refusal("no active turn to steer");
    if (turn.id !== params.expectedTurnId) {
      throw new Refusal(
        `expected active turn id \`${params.expectedTurnId}\` but found \`${turn.id}\``,
      );
    }
    turn.items.push({
      type: "userMessage",
      id: uuid7(),
      clientId: params.clientUserMessageId ?? null,
      content: params.input,
    });
    return { turnId: turn.id };
  }

  #ask(
    method: string,
    params: unknown,
    signal: AbortSignal,
  ): Promise<unknown> {
    const id = ++this.#lastQuestion;
    return new Promise((resolve) => {
      this.#questions.set(id, resolve);
      signal.addEventListener("abort", () => {
        if (this.#questions.delete(id)) resolve(undefined);
      });
      this.#write({ method, id, params });
    });
  }

  #notify(method: string, params: unknown): void {
    this.#write({ method, params, emittedAtMs: Date.now() });
  }

  #die(code: number): void {
    this.end();
    this.#running.clear();
    this.#ports.exit(code);
  }

  #write(message: unknown): void {
    this.#ports.write(JSON.stringify(message));
  }
}
