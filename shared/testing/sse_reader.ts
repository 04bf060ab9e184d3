import { createParser } from "eventsource-parser";
import type { Json } from "./json.ts";

/** An event as a reader of a stream sees it. */
export interface ReadEvent {
  readonly event: string;
  readonly id: string | undefined;
  readonly data: Json;
}

/** Reads an event stream as it comes. Leaving the loop leaves the stream. */
export async function* readEvents(
  response: Response,
): AsyncGenerator<ReadEvent> {
  const events: ReadEvent[] = [];
  const parser = createParser({
    onEvent({ event = "message", id, data }) {
      events.push({ event, id, data: JSON.parse(data) });
    },
  });
  const text = response.body?.pipeThrough(new TextDecoderStream());
  for await (const piece of text ?? []) {
    parser.feed(piece);
    yield* events.splice(0);
  }
}

/** Reads events until `isLast` says so, then leaves the stream. */
export async function readUntil(
  response: Response,
  isLast: (event: ReadEvent) => boolean,
): Promise<ReadEvent[]> {
  const events: ReadEvent[] = [];
  for await (const event of readEvents(response)) {
    events.push(event);
    if (isLast(event)) break;
  }
  return events;
}
