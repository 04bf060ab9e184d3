import { assertEquals, assertThrows } from "@std/assert";
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

/** Feeds `piece` until it is refused or 8 MiB were taken. */
function flood(piece: string, head = ""): SseParser {
  const parser = new SseParser();
  parser.push(head);
  for (let fed = 0; fed < 8_388_608; fed += piece.length) parser.push(piece);
  return parser;
}

Deno.test("SseParser.push() refuses what does not end", () => {
  const half = `data: ${"x".repeat(2_200_000)}\n`;
  const refused = [
    ...["data: ", "id: ", "unknown: ", ":", ""].map((head) => () =>
      flood("x".repeat(65_536), head)
    ),
    () => flood(`data: ${"x".repeat(58)}\n`),
    () => flood(`data:${"x".repeat(59)}\r`),
    () => new SseParser().push(`${half}${half}\n`),
    () => new SseParser().push(`data: ${"x".repeat(4_194_305)}\n\n`),
  ];
  for (const attempt of refused) {
    assertThrows(attempt);
  }
});

Deno.test("SseParser.push() keeps nothing of what makes no event", () => {
  for (const line of [":", "unknown: x", "event: x", "id: x", ""]) {
    const parser = flood(`${line}\n`.repeat(8192));
    const [event] = parser.push("\ndata: a\r");
    assertEquals(event, undefined);
    for (let n = 0; n < 100_000; n++) parser.push("");
    assertEquals(parser.push("\r")[0]?.data, "a");
  }
});
