import type {
  ClientReply,
  CodexEvent,
} from "../../shared/contracts/codexd_events.ts";

/** A client of the event socket. */
export interface TestFollower extends AsyncDisposable {
  readonly opened: Promise<void>;
  /** Every event so far. */
  readonly events: readonly CodexEvent[];
  /** Resolves with the code and reason of the socket's end. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Waits for an event that `wanted` accepts. */
  until(wanted: (event: CodexEvent) => boolean): Promise<CodexEvent>;
  /** Sends a message and waits for its reply. */
  ask(message: Record<string, unknown>): Promise<ClientReply>;
  /** Sends text as it stands. */
  send(text: string): void;
}

/** Opens an event socket. */
export function follow(url: string): TestFollower {
  const socket = new WebSocket(url);
  const events: CodexEvent[] = [];
  const replies: ClientReply[] = [];
  const watchers = new Set<() => void>();
  const opened = Promise.withResolvers<void>();
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  socket.addEventListener("open", () => opened.resolve());
  socket.addEventListener("error", (event) => event.preventDefault());
  socket.addEventListener("close", ({ code, reason }) => {
    opened.resolve();
    closed.resolve({ code, reason });
  });
  socket.addEventListener("message", ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === "reply") replies.push(message);
    else events.push(message);
    for (const look of watchers) look();
  });
  function watch<T>(find: () => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        const found = find();
        if (found === undefined) return;
        watchers.delete(look);
        resolve(found);
      };
      watchers.add(look);
      look();
    });
  }
  return {
    opened: opened.promise,
    closed: closed.promise,
    events,
    until: (wanted) => watch(() => events.find(wanted)),
    async ask(message) {
      await opened.promise;
      const seen = replies.length;
      socket.send(JSON.stringify(message));
      return await watch(() => replies[seen]);
    },
    send: (text) => socket.send(text),
    async [Symbol.asyncDispose]() {
      await opened.promise;
      socket.close();
      await closed.promise;
    },
  };
}
