import { type ConductorMessage, extensionMessage } from "../contract.ts";
import type { SocketPort } from "../../../shared/http/socket.ts";

/** A socket without a network: the browser's end is the test. */
export class FakeSocket extends EventTarget implements SocketPort {
  readonly sent: ConductorMessage[] = [];
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  bufferedAmount = 0;
  readyState: number = WebSocket.OPEN;

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(code: number, reason: string): void {
    this.closedWith ??= { code, reason };
    this.readyState = WebSocket.CLOSING;
  }

  /** Says something that the contract allows. */
  say(message: Readonly<Record<string, unknown>>): void {
    extensionMessage.parse(message);
    this.frame(JSON.stringify(message));
  }

  /** Sends a frame, whatever is in it. */
  frame(data: unknown): void {
    this.dispatchEvent(new MessageEvent("message", { data }));
  }

  /** The connection is gone: Firefox was killed, the cable pulled. */
  drop(): void {
    this.readyState = WebSocket.CLOSED;
    this.dispatchEvent(new CloseEvent("close", { code: 0 }));
  }

  /** The messages of one type that conductor has sent. */
  heard<T extends ConductorMessage["type"]>(
    type: T,
  ): Extract<ConductorMessage, { type: T }>[] {
    return this.sent.filter((it) => it.type === type) as Extract<
      ConductorMessage,
      { type: T }
    >[];
  }

  /** The last message of one type. */
  last<T extends ConductorMessage["type"]>(
    type: T,
  ): Extract<ConductorMessage, { type: T }> {
    const message = this.heard(type).at(-1);
    if (message === undefined) throw new Error(`No "${type}" was sent`);
    return message;
  }
}
