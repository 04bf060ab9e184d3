import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Redactor } from "../../../shared/redact.ts";
import { type Parser, parser } from "./run_parser.ts";
import { jsonValues, soup, texts } from "./texts.ts";

const DIGITS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";

/** As a generator of passwords makes them: no word, no path, no number. */
const secrets = fc.array(fc.constantFrom(...DIGITS), {
  minLength: 20,
  maxLength: 40,
}).map((it) => `Zq7${it.join("")}`);

/** Where secrets stand. */
const PLACES: readonly ((secret: string) => string)[] = [
  (it) => `password=${it}`,
  (it) => `"api_key": "${it}"`,
  (it) => `{\\"client_secret\\":\\"${it}\\"}`,
  (it) => `Authorization: Bearer ${it}`,
  (it) => `Authorization: Basic ${it}`,
  (it) => `Cookie: sid=${it}; theme=dark`,
  (it) => `Set-Cookie: session_id=${it}; Path=/`,
  (it) => `https://user:${it}@host.example/x`,
  (it) => `https://host.example/x?access_token=${it}&page=1`,
  (it) => `curl -u user:${it} http://127.0.0.1/`,
  (it) => `tool --token ${it} --verbose`,
  (it) => `tool --password='${it}'`,
  (it) => `export GITHUB_TOKEN="${it}"`,
  (it) => `mysql -p${it} database`,
  (it) => `ghp_${it}`,
  (it) => `sk-ant-${it}`,
  (it) => `eyJ${it}.${it}`,
  (it) => `X-Api-Key: ${it}`,
];
const NOISE = [
  "the run ended",
  " ",
  "\n",
  "=",
  ": ",
  '"',
  "'",
  "\\",
  "\\n",
  "password",
  "token",
  "Bearer",
  "://",
  "@",
  ";",
  "&&",
  "|",
  "$(",
  ")",
  "{",
  "}",
  ",",
  "-u",
  "--token",
  "curl",
  "***",
  "Cookie:",
];

/** No quotes and nothing that a shell reads: what stands beside a secret. */
const QUIET = [
  "the",
  "run",
  "ended",
  " ",
  "\n",
  ". ",
  "12 ms",
  "é",
  "\u{1f600}",
];

/** What a daemon knows as its own, wherever it stands. */
const known = fc.string({ unit: "binary", minLength: 8, maxLength: 24 })
  .filter((it) => it.isWellFormed() && !it.includes("*"));
const FORMS: readonly ((secret: string) => string)[] = [
  (it) => it,
  (it) => encodeURIComponent(it),
  (it) => JSON.stringify(it).slice(1, -1),
  (it) => new TextEncoder().encode(it).toBase64({ omitPadding: true }),
];

/** What goes into logs, events and the audit without its secrets. */
export const REDACTION_PARSER: Parser = parser("redaction", () => {
  const redactor = new Redactor();
  return {
    inputs: fc.record({
      secret: secrets,
      place: fc.constantFrom(...PLACES),
      before: soup(QUIET, { maxLength: 6 }),
      after: soup(QUIET, { maxLength: 6 }),
      hostile: texts(soup(NOISE), NOISE),
      known,
      form: fc.constantFrom(...FORMS),
      json: jsonValues,
    }),
    check(it, stopwatch) {
      const { secret, place, hostile } = it;
      const planted = `${quiet(it.before)}\n${place(secret)}\n${
        quiet(it.after)
      }`;
      const shown = stopwatch.time(() => redactor.text(planted));
      assert(!shown.includes(secret), `it stands in ${shown}`);
      assertEquals(redactor.text(shown), shown, "hidden once, it stays");
      stopwatch.time(() => redactor.text(hostile));
      const own = new Redactor([it.known]);
      const text = `${hostile}${it.form(it.known)}${hostile}`;
      const without = stopwatch.time(() => own.text(text));
      assert(!without.includes(it.form(it.known)), "a known secret");
      const facts = {
        password: secret,
        deep: [{ token: secret }],
        json: it.json,
      };
      const told = stopwatch.time(() => JSON.stringify(redactor.fields(facts)));
      assert(!told.includes(secret), told);
      const whole = stopwatch.time(() => JSON.stringify(redactor.json(facts)));
      assert(!whole.includes(secret), whole);
    },
  };
});

function quiet(text: string): string {
  return text.replace(/["'`\\${}[\]()]/g, "");
}
