import { assertLess } from "@std/assert";
import process from "node:process";
import { maskSecrets } from "./mask_secrets.ts";

Deno.test("maskSecrets() takes time in proportion to the text, whatever it is", () => {
  // How fast the machine is now, a plain walk tells: 50 ms are for one of 0.5 ms.
  const plain = leastCpuMs(() => countOf("a".repeat(MEGABYTE)));
  const limit = 50 * Math.max(1, 2 * plain);
  for (const piece of HOSTILE) {
    const text = piece.repeat(Math.ceil(MEGABYTE / piece.length));
    const ms = leastCpuMs(() => maskSecrets(text), limit);
    assertLess(ms, limit, JSON.stringify(piece));
  }
});

const MEGABYTE = 1_048_576;

const HOSTILE = [
  ...`a-="'\\:\n`,
  ...'a-|a=|a:|-a |abc=|eyJ|eyJ-|\'"|\\"|://a|://a:|://a@b:|gl-|token-'.split(
    "|",
  ),
  ...'token=|token=a |--token=/us/|password="|"password":"|<password>'.split(
    "|",
  ),
  ..."-u |-u=/|mysql -p|curl -b a=b |Basic |bearer realm=|cookie: a=b; ".split(
    "|",
  ),
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
