import { SseParser } from "../requests/sse_parser.ts";

/** Returns the text of a reply from Claude's event stream, in either of its forms. */
export function claudeText(stream: string): string {
  const events = new SseParser().push(`${stream}\n\n`);
  return events.map(({ data }) => piece(data)).join("");
}

function piece(data: string): string {
  try {
    const event = JSON.parse(data) as {
      readonly completion?: unknown;
      readonly delta?: { readonly text?: unknown };
    };
    const text = event?.delta?.text ?? event?.completion;
    return typeof text === "string" ? text : "";
  } catch {
    return "";
  }
}
