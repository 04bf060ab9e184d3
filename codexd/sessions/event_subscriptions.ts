import type { z } from "zod";
import type { AuditActor, AuditPort } from "../../shared/audit.ts";
import type { Clock } from "../../shared/clock.ts";
import {
  ClientMessage,
  type ClientReply,
  eventFilter,
  type EventsQuery,
} from "../../shared/contracts/mod.ts";
import { AppError, codeOf } from "../../shared/errors.ts";
import { CLOSE, JsonSocket, type SocketPort } from "../../shared/http/mod.ts";
import type { Logger } from "../../shared/log.ts";
import type { Approvals } from "../app_server/mod.ts";
import type { EventLog } from "./event_log.ts";
import type { TurnService } from "./turn_service.ts";
import type { Turns } from "./turns.ts";

/**
 * Unread bytes at which a client is closed at once. Events wait for room long
 * before it; only answers to one who asks and never reads come this far.
 */
const MAX_UNREAD_BYTES = 16_777_216;

/**
 * Sends events to who follows them. Each reader takes from the log at its own
 * pace, so that what one of them has not read costs no memory here.
 */
export class EventSubscriptions {
  readonly #ports: SubscriptionPorts;
  #count = 0;

  constructor(ports: SubscriptionPorts) {
    this.#ports = ports;
  }

  /** Connections that follow now. */
  get count(): number {
    return this.#count;
  }

  /** Serves one connection until it ends. */
  accept(port: SocketPort, { actor, query }: Follower): void {
    const left = new AbortController();
    const { log, events } = this.#ports;
    // Taken now: what happens until the socket is open is not missed.
    const { after = events.lastSeq } = query;
    const socket: JsonSocket<ClientMessage> = new JsonSocket(port, {
      schema: ClientMessage,
      log,
      maxBufferedBytes: MAX_UNREAD_BYTES,
      onOpen: () => {
        this.#count++;
        left.signal.addEventListener("abort", () => this.#count--);
        const batches = events.follow(after, left.signal);
        this.#pump(socket, batches, eventFilter(query)).catch((error) => {
          log.error("Cannot send events", { error });
          socket.close(CLOSE.internal, "the events cannot be read");
        });
      },
      onMessage: (message) => void this.#answer(message, { socket, actor }),
      onInvalid: (reason) =>
        void socket.send(
          reply("invalid", null, new AppError("INVALID_INPUT", reason)),
        ),
      onClose: () => left.abort(),
    });
  }

  async #pump(
    socket: JsonSocket<ClientMessage>,
    batches: ReturnType<EventLog["follow"]>,
    isWanted: ReturnType<typeof eventFilter>,
  ): Promise<void> {
    for await (const batch of batches) {
      for (const event of batch) {
        if (!isWanted(event)) continue;
        if (!await this.#hasRoom(socket)) return;
        if (!socket.sendText(event.json)) return;
      }
    }
  }

  /** Waits until the reader has caught up; closes it when it does not. */
  async #hasRoom(socket: JsonSocket<ClientMessage>): Promise<boolean> {
    const { clock, maxBytes = 1_048_576, stallMs = 5000 } = this.#ports;
    const hasRoom = await socket.room({ maxBytes, stallMs, clock });
    if (!hasRoom) {
      socket.close(CLOSE.slowConsumer, "too slow a reader: resume by ?after=");
    }
    return hasRoom;
  }

  /** @throws {AppError} NOT_FOUND when no such turn is running */
  #sessionOf(turnId: string | undefined): string {
    const turn = this.#ports.turns.running(turnId);
    if (turn !== undefined) return turn.sessionId;
    throw new AppError(
      "NOT_FOUND",
      "Cannot interrupt: no such turn is running",
    );
  }

  /** @throws {AppError} as {@linkcode Approvals.respond} */
  async #respond(answer: ApprovalAnswer, actor: AuditActor): Promise<void> {
    const { approvals, audit } = this.#ports;
    const { approval_id, decision = "answered" } = answer;
    const target = { approval_id, decision };
    const entry = await audit.begin({
      action: "approval.respond",
      actor,
      target,
    });
    try {
      const { beyond_max_sandbox } = approvals.respond(
        approval_id,
        answer,
        actor.name,
      );
      await entry.finish({ ok: true, facts: { beyond_max_sandbox } });
    } catch (error) {
      await entry.finish({ ok: false, code: codeOf(error) });
      throw error;
    }
  }

  async #answer(
    message: ClientMessage,
    { socket, actor }: {
      readonly socket: JsonSocket<ClientMessage>;
      readonly actor: AuditActor;
    },
  ): Promise<void> {
    let failed: unknown;
    try {
      if (message.type === "approval.respond") {
        await this.#respond(message, actor);
      } else {
        const { session_id, turn_id } = message;
        await this.#ports.turnService.interrupt(
          session_id ?? this.#sessionOf(turn_id),
          turn_id,
        );
      }
    } catch (error) {
      failed = error;
      if (!(error instanceof AppError)) {
        this.#ports.log.error("Cannot do what a client asks", { error });
      }
    }
    socket.send(reply(message.type, message.request_id ?? null, failed));
  }
}

type ApprovalAnswer = Extract<ClientMessage, { type: "approval.respond" }>;

/** Who follows, and what of it. */
interface Follower {
  readonly actor: AuditActor;
  readonly query: z.output<typeof EventsQuery>;
}

interface SubscriptionPorts {
  readonly events: Pick<EventLog, "follow" | "lastSeq">;
  readonly approvals: Pick<Approvals, "respond">;
  readonly turns: Pick<Turns, "running">;
  readonly turnService: Pick<TurnService, "interrupt">;
  readonly audit: AuditPort;
  readonly clock: Clock;
  readonly log: Logger;
  /** Bytes that a reader may be behind. Default 1 048 576. */
  readonly maxBytes?: number;
  /** How long it may stay that far behind. Default 5000. */
  readonly stallMs?: number;
}

function reply(
  to: string,
  requestId: string | null,
  failed: unknown,
): ClientReply {
  const message = failed instanceof AppError
    ? failed.message
    : "an internal error was logged";
  return {
    type: "reply",
    to,
    request_id: requestId,
    ok: failed === undefined,
    ...(failed !== undefined && { error: { code: codeOf(failed), message } }),
  };
}
