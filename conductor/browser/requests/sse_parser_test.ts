import { assertEquals } from "@std/assert";
import { type SiteEvent, SseParser } from "./sse_parser.ts";

const STREAM =
  "\uFEFF: hello\r\nid: 1\r\nevent: tick\r\ndata: a\r\ndata:  b\r\n\r\n" +
  "data\r\rdata: c\nretry: 5\nunknown: x\n\nevent: empty\n\ndata: lost";

const EVENTS: SiteEvent[] = [
  { event: "tick", data: "a\n b", id: "1" },
  { event: "message", data: "", id: "1" },
  { event: "message", data: "c", id: "1" },
];

Deno.test("SseParser.push() reads events as the standard has it", () => {
  assertEquals(new SseParser().push(STREAM), EVENTS);
});

Deno.test("SseParser.push() reads the same wherever the text is cut", () => {
  for (let size = 1; size < 20; size++) {
    const parser = new SseParser();
    const events: SiteEvent[] = [];
    for (let at = 0; at < STREAM.length; at += size) {
      events.push(...parser.push(STREAM.slice(at, at + size)));
    }
    assertEquals(events, EVENTS, `pieces of ${size}`);
  }
});
