import { assertLess } from "@std/assert";
import process from "node:process";
import { maskSecrets } from "./mask_secrets.ts";
import { Redactor } from "./redact.ts";
import { SECRET_OPTIONS } from "./secret_table.ts";

Deno.test("maskSecrets() takes time in proportion to the text, whatever it is", () => {
  const limit = limitNow();
  for (const piece of HOSTILE) {
    const text = piece.repeat(Math.ceil(MEGABYTE / piece.length));
    const ms = leastCpuMs(() => maskSecrets(text), limit);
    assertLess(ms, limit, JSON.stringify(piece));
  }
});

Deno.test("Redactor.json() takes time in proportion to what it is given, whatever it is", () => {
  const limit = limitNow();
  const redactor = new Redactor(["known-secret-value"]);
  const size = MEGABYTE / 16;
  const list = Array.from({ length: size }, (_, at) => `-p ${at}`);
  for (
    const json of [
      ...["basic ", "mysql -p", "-p '", 'password="', "cookie: a=b; "].map(
        (piece) => ({
          text: piece.repeat(Math.ceil(MEGABYTE / piece.length)),
        }),
      ),
      { list },
      { list: list.map((it) => ({ it })) },
      Object.fromEntries(list.map((it, at) => [`token${at}`, it])),
      Object.fromEntries(list.map((it, at) => [`key${at}`, it])),
    ]
  ) {
    const ms = leastCpuMs(() => redactor.json(json), limit);
    assertLess(ms, limit, JSON.stringify(json).slice(0, 40));
  }
});

/** How fast the machine is now, a plain walk tells: 50 ms are for one of 0.5 ms. */
function limitNow(): number {
  const plain = leastCpuMs(() => countOf("a".repeat(MEGABYTE)));
  return 50 * Math.max(1, 2 * plain);
}

const MEGABYTE = 1_048_576;

const HOSTILE = [
  ...`a-="'\\:\n`,
  ...'a-|a=|a:|-a |abc=|eyJ|eyJ-|\'"|\\"|://a|://a:|://a@b:|gl-|token-'.split(
    "|",
  ),
  ...'token=|token=a |--token=/us/|password="|"password":"|<password>'.split(
    "|",
  ),
  ..."-u |-u=/|curl -b a=b |Basic |bearer realm=|cookie: a=b; |sig=a ".split(
    "|",
  ),
  ...`basic |--password |-p '|password='\\"|token=,|token=***@|sh -c '`.split(
    "|",
  ),
  "Authorization: Digest ",
  'Authorization: Digest a="b", ',
  ...SECRET_OPTIONS.flatMap(([programs, options]) => {
    const program = programs.split(" ")[0];
    const option = options.split(" ")[0]?.replace(/[*:=%,]+$/, "");
    return ["", "'", '\\"'].map((it) => `${program} ${option} ${it}`);
  }),
  "mysql -p",
  "authorization:x http://",
  "-----BEGIN PRIVATE KEY-----\nAAAA\n",
  "a-b_c.d/e:f=g,h;i|j&k\"l'm\\n(o)p<q>r",
];

/** The processor time of the best of some runs; later ones only when one is slow. */
function leastCpuMs(run: () => unknown, goal = 0): number {
  let least = Infinity;
  for (let turn = 0; turn < 5 && least > goal; turn++) {
    const { user, system } = process.cpuUsage();
    run();
    const after = process.cpuUsage();
    least = Math.min(least, (after.user + after.system - user - system) / 1000);
  }
  return least;
}

function countOf(text: string): number {
  let count = 0;
  for (let at = 0; at < text.length; at++) {
    if (text.charCodeAt(at) === 97) count++;
  }
  return count;
}
