import { SseParser } from "../../conductor/browser/requests/sse_parser.ts";

/** An event of one of the product's streams. */
export interface ReadEvent {
  readonly event: string;
  // deno-lint-ignore no-explicit-any -- each test knows what it asked for
  readonly data: any;
}

/** Reads an event stream as it comes. Leaving the loop leaves the stream. */
export async function* eventsOf(response: Response): AsyncGenerator<ReadEvent> {
  const parser = new SseParser();
  const decoder = new TextDecoder();
  for await (const chunk of response.body ?? []) {
    for (
      const { event, data } of parser.push(
        decoder.decode(chunk, { stream: true }),
      )
    ) {
      yield { event, data: JSON.parse(data) };
    }
  }
}
