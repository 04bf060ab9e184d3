import type { LineStreams } from "../rpc/line_transport.ts";

/** The far end of a transport, in a test's hands. */
export interface Wire {
  /** What the transport under test is given. */
  readonly streams: LineStreams;
  /** What came from it so far, line by line. */
  readonly sent: readonly string[];
  /** Whether its outgoing side is closed. */
  readonly closed: boolean;
  /** The line that comes next. */
  next(): Promise<string>;
  /** Gives it text as it stands. */
  give(text: string): void;
  /** Ends what it reads. */
  end(): void;
}

/** Returns both ends of a pair of pipes in memory. */
export function wire(): Wire {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  const readable = new ReadableStream<Uint8Array>({
    start: (it) => {
      controller = it;
    },
  });
  const sent: string[] = [];
  const waiting: ((line: string) => void)[] = [];
  let read = 0;
  let closed = false;
  const decoder = new TextDecoder();
  const writable = new WritableStream<Uint8Array>({
    write(chunk) {
      for (const line of decoder.decode(chunk).split("\n").filter(Boolean)) {
        sent.push(line);
        const resolve = waiting.shift();
        if (resolve !== undefined) {
          read++;
          resolve(line);
        }
      }
    },
    close: () => {
      closed = true;
    },
  });
  return {
    streams: { readable, writable },
    sent,
    get closed() {
      return closed;
    },
    next() {
      const line = sent[read];
      if (line === undefined) {
        return new Promise((resolve) => waiting.push(resolve));
      }
      read++;
      return Promise.resolve(line);
    },
    give: (text) => controller?.enqueue(new TextEncoder().encode(text)),
    end: () => controller?.close(),
  };
}
