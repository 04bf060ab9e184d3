import { assertEquals } from "@std/assert";
import { FakeClock } from "../../shared/testing/fake_clock.ts";
import {
  RecordingAudit,
  silentLogger,
  unimplemented,
} from "../../shared/testing/fakes.ts";
import { EventSubscriptions } from "./event_subscriptions.ts";
import type { EventLine } from "./event_line.ts";

/** A socket whose reader takes nothing unless told. */
class StuckSocket extends EventTarget {
  readonly sent: string[] = [];
  closedWith: number | undefined;
  bufferedAmount = 0;
  readyState: number = WebSocket.OPEN;
  onSent = () => {};

  send(text: string): void {
    this.sent.push(text);
    this.bufferedAmount += text.length;
    this.onSent();
  }

  close(code: number): void {
    this.closedWith = code;
    this.readyState = WebSocket.CLOSED;
  }
}

function setUp(events: number) {
  const clock = new FakeClock();
  const socket = new StuckSocket();
  const stored: EventLine[] = Array.from({ length: events }, (_, index) => ({
    seq: index + 1,
    session_id: null,
    type: "warning",
    json: "x".repeat(100),
  }));
  const subscriptions = new EventSubscriptions({
    events: {
      lastSeq: events,
      async *follow(_after: number, signal: AbortSignal) {
        yield stored;
        await new Promise((resolve) =>
          signal.addEventListener("abort", resolve)
        );
      },
    },
    turns: { running: () => undefined },
    approvals: { respond: () => unimplemented("respond") },
    turnService: { interrupt: () => unimplemented("interrupt") },
    audit: new RecordingAudit(),
    clock,
    log: silentLogger,
    maxBytes: 500,
    stallMs: 1000,
  });
  subscriptions.accept(socket as unknown as WebSocket, {
    actor: { name: "local", source: "websocket" },
    query: { after: 0, session_id: undefined },
  });
  socket.dispatchEvent(new Event("open"));
  return { clock, socket, subscriptions };
}

const settled = () => new Promise((resolve) => setTimeout(resolve, 0));

Deno.test("EventSubscriptions holds back what a slow reader has no room for, and closes it with 1013", async () => {
  const { clock, socket, subscriptions } = setUp(100);
  await settled();
  assertEquals([socket.sent.length, subscriptions.count], [6, 1]);
  await clock.advance(900);
  assertEquals(socket.closedWith, undefined);
  await clock.advance(200);
  assertEquals([socket.closedWith, socket.sent.length], [1013, 6]);
  assertEquals(subscriptions.count, 0);
});

Deno.test("EventSubscriptions goes on when a reader catches up in time", async () => {
  const { clock, socket } = setUp(20);
  await settled();
  for (let i = 0; i < 5; i++) {
    await clock.advance(500);
    socket.bufferedAmount = 0;
    await clock.advance(10);
  }
  assertEquals([socket.sent.length, socket.closedWith], [20, undefined]);
  socket.dispatchEvent(new CloseEvent("close", { code: 1000 }));
});

Deno.test("EventSubscriptions closes who asks and never reads the answers", () => {
  const { socket } = setUp(0);
  socket.bufferedAmount = 17_000_000;
  socket.dispatchEvent(new MessageEvent("message", { data: "{}" }));
  assertEquals([socket.closedWith, socket.sent.length], [1013, 0]);
});
