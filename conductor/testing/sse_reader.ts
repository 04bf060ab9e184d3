/** An event as a reader of a stream sees it. */
export interface ReadEvent {
  readonly event: string;
  readonly id: string | undefined;
  // deno-lint-ignore no-explicit-any -- each test knows what it asked for
  readonly data: any;
}

/** Reads the events of a stream; comments are left out. */
export async function* readEvents(
  response: Response,
): AsyncGenerator<ReadEvent> {
  const stream = response.body?.pipeThrough(new TextDecoderStream());
  let rest = "";
  for await (const chunk of stream ?? []) {
    const blocks = (rest + chunk).split("\n\n");
    rest = blocks.pop() ?? "";
    for (const block of blocks) {
      const fields = new Map(
        block.split("\n").map((line) => {
          const at = line.indexOf(": ");
          return [line.slice(0, at), line.slice(at + 2)] as const;
        }),
      );
      const data = fields.get("data");
      if (data === undefined) continue;
      yield {
        event: fields.get("event") ?? "message",
        id: fields.get("id"),
        data: JSON.parse(data),
      };
    }
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
