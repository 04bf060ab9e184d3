import type { TurnAnswer, TurnRequest } from "../../shared/contracts/mod.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import type { PathBase } from "../../shared/user_path.ts";
import { within } from "../../shared/wait.ts";
import {
  type Approvals,
  type CodexClient,
  isUnknownThread,
  type TurnLimits,
} from "../app_server/mod.ts";
import type { SessionPorts } from "./session_ports.ts";
import { NO_TITLE } from "./session_service.ts";
import { turnLimits } from "./turn_limits.ts";
import {
  codexInput,
  inputOf,
  promptText,
  refuseInput,
  reviewTarget,
} from "./turn_input.ts";
import type { ActiveTurn, FinishedTurn, TurnPlan } from "./turns.ts";

/** As a rule a turn is announced within 50 ms. */
const UNANNOUNCED_MS = 1000;
/** A timer cannot wait longer. */
const LONGEST_MS = 2_147_483_647;
/** How long the turn of a compaction may take to be announced. */
const UNTOLD_MS = 15_000;
const TITLE_CHARS = 80;
const PREVIEW_CHARS = 200;

/** Starts turns, steers and interrupts them, and waits for their end. */
export class TurnService {
  readonly #ports: TurnPorts;

  constructor(ports: TurnPorts) {
    this.#ports = ports;
  }

  /**
   * Does what a request asks for and returns the turn that it is about.
   * `mark` is put on the prompt, so that it is found again after a restart.
   * @throws {AppError}
   */
  act(request: SessionTurn, { mark, actor }: Acting): Promise<AnyTurn> {
    switch (request.action) {
      case "start":
        return this.#start(request, mark);
      case "steer":
        return this.#steer(request, mark);
      case "compact":
        refuseInput(request);
        return this.#compact(request);
      case "review":
        return this.#review(request);
      case "respond":
        refuseInput(request);
        return Promise.resolve(this.#respond(request, actor));
      case "interrupt":
        refuseInput(request);
        return this.interrupt(request.session_id, request.turn_id);
    }
  }

  /**
   * Answers with a turn as it stands or, with `wait`, when it has ended. A
   * caller that leaves (`signal`) does not end the turn.
   */
  async answer(
    turn: AnyTurn,
    request: Pick<TurnRequest, "action" | "wait" | "timeout_ms">,
    signal: AbortSignal,
  ): Promise<TurnAnswer> {
    const ended = "turn" in turn
      ? turn
      : request.wait
      ? await this.#end(turn, request.timeout_ms ?? LONGEST_MS, signal)
      : undefined;
    const state = ended?.turn ??
      this.#ports.turns.describe(turn as ActiveTurn);
    return {
      session_id: turn.sessionId,
      turn_id: turn.turnId,
      action: request.action,
      status: state.status,
      turn: state,
      final_message: (ended ?? turn).finalMessage,
      usage: (ended ?? turn).usage,
      timed_out: request.wait && ended === undefined,
    };
  }

  /**
   * Ends the turn that runs in a session.
   * @throws {AppError} CONFLICT when none, or another one, is running
   */
  async interrupt(sessionId: string, turnId?: string): Promise<ActiveTurn> {
    const active = await this.#running("interrupt", sessionId, turnId);
    active.interruptWanted = true;
    if (active.announced) await this.#tellInterrupt(active);
    else this.#interruptLater(active);
    return active;
  }

  /**
   * Before a turn is announced the app-server would refuse, and the turn would
   * run on: the announcement sends the interrupt. Should none come, time does.
   */
  #interruptLater(active: ActiveTurn): void {
    const { clock, turns } = this.#ports;
    const timer = clock.after(UNANNOUNCED_MS, () => {
      const isRunning = turns.activeIn(active.sessionId) === active;
      if (active.announced || !isRunning) return;
      void this.tryInterrupt(active);
    });
    void active.finished.then(() => timer.cancel());
  }

  /** Tells the app-server that a turn is to end. Never rejects. */
  async tryInterrupt(active: ActiveTurn): Promise<void> {
    await this.#tellInterrupt(active).catch((error) => this.#warn(error));
  }

  #warn(error: unknown): void {
    const reason = messageOf(error);
    this.#ports.log.warn("Cannot interrupt a turn", { reason });
  }

  async #tellInterrupt(
    { sessionId, turnId, innerId = turnId }: ActiveTurn,
  ): Promise<void> {
    const { codex, turns } = this.#ports;
    try {
      await codex.client?.interruptTurn(sessionId, innerId);
    } catch (error) {
      const hasEnded = turns.activeIn(sessionId)?.turnId !== turnId;
      if (!hasEnded) throw error;
    }
  }

  /** Interrupts every turn and waits for their ends, at most `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    const { clock, turns } = this.#ports;
    const active = turns.active;
    if (active.length === 0) return;
    for (const { sessionId, turnId } of active) {
      this.interrupt(sessionId, turnId).catch((error) => this.#warn(error));
    }
    const ends = Promise.all(active.map((turn) => turn.finished));
    await within(ends, { ms: graceMs, clock });
  }

  #start(
    request: SessionTurn,
    messageId: string | undefined,
  ): Promise<AnyTurn> {
    const { session_id: sessionId, max_total_tokens, task_id } = request;
    const input = inputOf(request);
    const plan = { maxTotalTokens: max_total_tokens, taskId: task_id };
    return this.#begin(sessionId, plan, async (client, limits) => {
      const { id } = await client.startTurn({
        threadId: sessionId,
        input: await codexInput(input, this.#placeOf(sessionId)),
        model: request.model,
        effort: request.effort,
        outputSchema: request.output_schema,
        clientUserMessageId: messageId,
        ...limits,
      });
      this.#nameAfterPrompt(client, sessionId, promptText(input));
      const { model } = request;
      if (model !== undefined) this.#ports.index.update(sessionId, { model });
      return id;
    });
  }

  #compact({ session_id, task_id }: SessionTurn): Promise<AnyTurn> {
    const plan = { taskId: task_id };
    return this.#begin(session_id, plan, async (client) => {
      await client.startCompaction(session_id);
      return undefined;
    });
  }

  #review(request: SessionTurn): Promise<AnyTurn> {
    const { session_id, task_id } = request;
    const target = reviewTarget(request);
    const plan = { isReview: true, taskId: task_id };
    return this.#begin(
      session_id,
      plan,
      async (client, limits) =>
        (await client.startReview(session_id, target, limits)).id,
    );
  }

  /**
   * Has a turn start in a session that the app-server may have let go of
   * meanwhile. `start` returns its id, or undefined when only its announcement
   * will tell.
   */
  async #begin(
    sessionId: string,
    plan: TurnPlan,
    start: (
      client: CodexClient,
      limits: TurnLimits,
    ) => Promise<string | undefined>,
  ): Promise<AnyTurn> {
    const { codex, turns, index, loader, limits, clock } = this.#ports;
    using reservation = turns.reserve(sessionId, plan);
    const client = await codex.usable(1);
    let id: string | undefined;
    for (let attempt = 1;; attempt++) {
      const loaded = await loader.ensure(client, sessionId);
      const record = index.get(sessionId);
      const own = turnLimits(record, loaded, limits.maxSandbox);
      try {
        id = await start(client, own);
        break;
      } catch (error) {
        if (attempt > 1 || !isUnknownThread(error)) throw error;
        loader.forget(sessionId);
      }
    }
    const ended = turns.finished(id ?? "");
    if (ended !== undefined) return ended;
    if (id === undefined) {
      const patience = { ms: UNTOLD_MS, clock };
      if (await within(reservation.begun, patience)) {
        return await reservation.begun;
      }
      throw new AppError("UPSTREAM_TIMEOUT", "Cannot tell: no turn has begun");
    }
    const active = turns.begin(sessionId, id);
    index.turnStarted(active);
    return active;
  }

  /** Where a session works that is loaded. */
  #placeOf(sessionId: string): PathBase {
    const { index, place } = this.#ports;
    return { ...place, cwd: index.get(sessionId)?.cwd ?? place.cwd };
  }

  /** A session without a title is named after its first prompt. */
  #nameAfterPrompt(client: CodexClient, sessionId: string, prompt: string) {
    const { index, log } = this.#ports;
    const record = index.get(sessionId);
    if (record === undefined || prompt === "") return;
    if (record.preview === "") {
      index.update(sessionId, { preview: prompt.slice(0, PREVIEW_CHARS) });
    }
    if (record.title !== NO_TITLE || record.ephemeral) return;
    const title = prompt.replace(/\s+/g, " ").trim().slice(0, TITLE_CHARS);
    client.nameThread(sessionId, title || NO_TITLE).catch((error) =>
      log.debug("Cannot name a session", { reason: messageOf(error) })
    );
  }

  async #steer(
    request: SessionTurn,
    messageId: string | undefined,
  ): Promise<AnyTurn> {
    const { session_id: sessionId, turn_id: turnId } = request;
    const input = inputOf(request);
    const active = await this.#running("steer", sessionId, turnId);
    const client = await this.#ports.codex.usable();
    await client.steerTurn({
      threadId: sessionId,
      expectedTurnId: active.turnId,
      input: await codexInput(input, this.#placeOf(sessionId)),
      clientUserMessageId: messageId,
    });
    return active;
  }

  /** Answers what a turn asks, and returns the turn. */
  #respond(request: SessionTurn, actor: string): AnyTurn {
    const { approvals, turns } = this.#ports;
    const { approval_id = "", session_id } = request;
    const { turn_id, outcome } = approvals.find(approval_id);
    const turn = turns.running(turn_id ?? undefined) ??
      turns.activeIn(session_id) ?? turns.finished(turn_id ?? "");
    // What was decided is told before that its turn is gone.
    if (turn !== undefined || outcome !== null) {
      approvals.respond(approval_id, request, actor);
    }
    if (turn !== undefined) return turn;
    throw new AppError("CONFLICT", "Cannot answer: no turn waits for it");
  }

  async #running(
    verb: string,
    sessionId: string,
    turnId: string | undefined,
  ): Promise<ActiveTurn> {
    const active = await this.#ports.turns.current(sessionId);
    if (active === undefined) await this.#assertExists(sessionId);
    else if (turnId === undefined || turnId === active.turnId) return active;
    const why = active === undefined
      ? "no turn is running in this session"
      : `turn ${active.turnId} is running, not ${turnId}`;
    throw new AppError("CONFLICT", `Cannot ${verb}: ${why}`, {
      details: { turn_id: active?.turnId ?? null },
      hint: active === undefined
        ? "POST /v1/codexd/turn without action starts one."
        : `Send it again with turn_id ${active.turnId}, or with none.`,
    });
  }

  async #assertExists(sessionId: string): Promise<void> {
    const { index, codex } = this.#ports;
    if (index.get(sessionId) !== undefined) return;
    const client = await codex.ready();
    await client.readThread(sessionId);
  }

  /** The end of a turn; undefined when the time is up or the caller has left. */
  async #end(
    turn: ActiveTurn,
    timeoutMs: number,
    signal: AbortSignal,
  ): Promise<FinishedTurn | undefined> {
    const patience = { ms: timeoutMs, clock: this.#ports.clock, signal };
    const ended = await within(turn.finished, patience);
    return ended ? await turn.finished : undefined;
  }
}

interface TurnPorts extends SessionPorts {
  readonly approvals: Pick<Approvals, "find" | "respond">;
}

/** A request whose session is known. */
type SessionTurn = TurnRequest & { readonly session_id: string };

/** Who asks, and how his prompt is marked. */
interface Acting {
  readonly mark: string | undefined;
  readonly actor: string;
}

/** A turn, whether it runs or has ended. */
export type AnyTurn = ActiveTurn | FinishedTurn;
