/** What reads the head of a request, and a list's cursor. */
import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { z } from "zod";
import {
  formatAuthority,
  isLoopback,
  parseAuthority,
} from "../../../shared/authority.ts";
import { AppError } from "../../../shared/errors.ts";
import { takesType } from "../../../shared/http/body.ts";
import { decodePath, readTarget } from "../../../shared/http/target.ts";
import { readCursor, writeCursor } from "../../../shared/page.ts";
import { type Parser, parser } from "./run_parser.ts";
import { jsonValues, texts, thrownBy } from "./texts.ts";

const HOSTS = [
  "localhost",
  "LOCALHOST",
  "localhost.",
  "127.0.0.1",
  "127.1",
  "0x7f.1",
  "[::1]",
  "[::ffff:127.0.0.1]",
  "evil.example",
  "a_b-c.d",
  "xn--bcher-kva.example",
];
const AUTHORITY_PIECES = [
  ...HOSTS,
  ":",
  "@",
  ".",
  "[",
  "]",
  ":80",
  ":65535",
  ":65536",
  ":007",
  "/",
  "?",
  "#",
  " ",
  "-",
];
const ports = fc.oneof(
  fc.constantFrom("", ":0", ":80", ":65535", ":00080"),
  fc.integer({ min: 0, max: 99_999 }).map((it) => `:${it}`),
);
const authorities = fc.tuple(fc.constantFrom(...HOSTS), ports)
  .map(([host, port]) => host + port);

const authority: Parser = parser("authority", () => ({
  inputs: texts(authorities, AUTHORITY_PIECES),
  check(text, stopwatch) {
    const read = stopwatch.time(() => parseAuthority(text));
    if (read === undefined) return;
    const { host, port } = read;
    assert(/^[\x21-\x7e]+$/.test(text), "only ASCII is an authority");
    assert(/^[a-z0-9._:[\]-]+$/.test(host), "a host is lower case");
    assert(port === undefined || (port >= 0 && port <= 65_535));
    assertEquals(parseAuthority(formatAuthority(read)), read, "canonical");
    // What is taken for this machine must be it for everybody else.
    if (!isLoopback(host)) return;
    const url = URL.parse(`http://${text}`);
    assert(
      url === null || isLoopback(url.hostname.replace(/\.$/, "")),
      `${url?.hostname}`,
    );
  },
}));

const ESSENCES = ["application/json", "application/x-www-form-urlencoded"];
const TYPE_PIECES = [
  ...ESSENCES,
  "text/plain",
  "json",
  ";",
  ",",
  "=",
  " ",
  "\t",
  '"',
  "charset",
  "CharSet=utf-8",
  'charset="utf-8"',
  "charset=utf-16",
  "boundary=x",
  "UTF-8",
  "+",
  "/",
];
const types = fc.tuple(
  fc.constantFrom(...ESSENCES, "Application/JSON"),
  fc.constantFrom("", ";", " ; ", ";\t"),
  fc.constantFrom(
    "",
    "charset=utf-8",
    "charset=UTF-8",
    'charset="utf-8"',
    "charset=latin1",
  ),
  fc.constantFrom("", " "),
).map((it) => it.join(""));

/** As RFC 9110 reads it: an essence and parameters, of which one is known. */
function isTypeInUtf8(text: string, essence: string): boolean {
  const [own = "", ...parameters] = text.trim().split(";");
  if (own.trimEnd().toLowerCase() !== essence) return false;
  if (parameters.length > 1) return false;
  return parameters.every((it) => {
    const [name = "", value = "", ...more] = it.trim().split("=");
    return more.length === 0 && name.toLowerCase() === "charset" &&
      ["utf-8", '"utf-8"'].includes(value.toLowerCase());
  });
}

const mediaType: Parser = parser("media-type", () => ({
  inputs: texts(types, TYPE_PIECES),
  check(text, stopwatch) {
    for (const [i, essence] of ESSENCES.entries()) {
      const error = stopwatch.time(() =>
        thrownBy(() => takesType(text, i === 1))
      );
      assertEquals(error === undefined, isTypeInUtf8(text, essence), essence);
      if (error === undefined) continue;
      assert(error instanceof AppError, String(error));
      assertEquals(error.code, "UNSUPPORTED_MEDIA_TYPE");
      assert(JSON.stringify(error.details).length < 2_000);
    }
  },
}));

const TARGET_PIECES = [
  "http",
  "://",
  "localhost:4317",
  "/",
  "//",
  "/v1/tasks",
  "?",
  "limit=1",
  "&",
  "#",
  "%2F",
  "%2e%2e",
  "/..",
  "/.",
  "%",
  "%zz",
  "%ff",
  "%E2%82%AC",
  "@",
  ";",
  "\\",
  "+",
];
const parts = fc.array(fc.string({ unit: "binary", maxLength: 6 }), {
  maxLength: 5,
});
const targets = fc.tuple(
  authorities,
  parts,
  fc.constantFrom("", "?", "?a=1&a=2&%00", "#x", "?q=%F0%9F%98%80#?"),
).map(([host, path, rest]) =>
  `http://${host}/${path.map(encodeURIComponent).join("/")}${rest}`
);

const target: Parser = parser("target", () => ({
  inputs: fc.tuple(texts(targets, TARGET_PIECES), parts),
  check([text, names], stopwatch) {
    const { authority, path, query } = stopwatch.time(() =>
      readTarget({ url: text } as Request)
    );
    assert(!/[/?#]/.test(authority), "an authority ends before its path");
    assert(path.startsWith("/") && !/[?#]/.test(path), "a path is one");
    if (authority !== "") {
      const bare = text.slice(0, text.indexOf("://") + 3) + authority;
      assert(text.startsWith(bare), "nothing is folded");
      assert(path === "/" || text.startsWith(bare + path), "nothing is folded");
    }
    stopwatch.time(() => [...query ?? []]);
    const decoded = stopwatch.time(() => decodePath(path));
    if (decoded !== undefined) {
      assertEquals(decoded.length, path.split("/").length, "%2F splits none");
      if (decoded.every((it) => it.isWellFormed())) {
        const again = decoded.map(encodeURIComponent).join("/");
        assertEquals(decodePath(again), decoded, "decoded once");
      }
    }
    const written = names.map(encodeURIComponent).join("/");
    assertEquals(decodePath(written), names.length === 0 ? [""] : names);
  },
}));

/** The lists of the product have places of these forms. */
const LISTS: readonly List[] = [
  { list: "tasks", place: z.int().min(0), places: fc.nat() },
  { list: "logs", place: z.int(), places: fc.integer() },
  {
    list: "sessions",
    place: z.strictObject({ at: z.string(), id: z.string() }),
    places: fc.record({
      at: fc.string({ unit: "binary", maxLength: 12 }),
      id: fc.string({ maxLength: 12 }),
    }, { noNullPrototype: true }),
  },
];
interface List {
  readonly list: string;
  readonly place: z.ZodType;
  readonly places: fc.Arbitrary<unknown>;
}
const CURSOR_PIECES = [
  "W10",
  "eyJ",
  "=",
  "==",
  "-",
  "_",
  "+",
  "/",
  "AAAA",
  "W",
];
const cursors = fc.oneof(
  fc.tuple(fc.constantFrom("tasks", "logs", "sessions", "other"), jsonValues)
    .map(([list, place]) => writeCursor(list, place)),
  jsonValues.map((it) =>
    btoa(unescape(encodeURIComponent(
      (JSON.stringify(it) ?? "").toWellFormed(),
    )))
  ),
);

const cursor: Parser = parser("cursor", () => ({
  inputs: fc.tuple(
    texts(cursors, CURSOR_PIECES),
    fc.nat({ max: LISTS.length - 1 }).chain((which) =>
      fc.tuple(fc.constant(which), LISTS[which]?.places ?? fc.nat())
    ),
  ),
  check([forged, [which, given]], stopwatch) {
    const own = LISTS[which];
    assert(own !== undefined);
    const written = writeCursor(own.list, given);
    assert(/^[\w-]+$/.test(written), "a cursor stands in a URL as it is");
    assertEquals<unknown>(
      stopwatch.time(() => readCursor(written, own)),
      given,
    );
    for (const list of LISTS) {
      for (const text of list === own ? [forged] : [forged, written]) {
        let place: unknown;
        const error = stopwatch.time(() =>
          thrownBy(() => place = readCursor(text, list))
        );
        if (error === undefined) {
          assertEquals(writeCursor(list.list, place), text, "one of ours");
        } else {
          assert(error instanceof AppError, String(error));
          assertEquals(error.code, "INVALID_INPUT");
        }
      }
    }
  },
}));

export const HEAD_PARSERS: readonly Parser[] = [
  authority,
  mediaType,
  target,
  cursor,
];
