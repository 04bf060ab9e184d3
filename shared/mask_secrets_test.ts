import { assert, assertEquals, assertLess } from "@std/assert";
import process from "node:process";
import { maskSecrets } from "./mask_secrets.ts";
import {
  HIDING_SAMPLES,
  HONEST_SAMPLES,
  PLANTED,
  SECRET_SAMPLES,
} from "./testing/secret_samples.ts";

for (const [form, samples] of Object.entries(SECRET_SAMPLES)) {
  Deno.test(`maskSecrets() hides secrets in ${form}, twice as well as once`, () => {
    for (const sample of samples) {
      const masked = maskSecrets(sample);
      assert(!masked.includes(PLANTED), `${sample} → ${masked}`);
      assertEquals(maskSecrets(masked), masked);
    }
  });
}

Deno.test("maskSecrets() leaves what is no secret", () => {
  for (const sample of HONEST_SAMPLES) {
    assertEquals(maskSecrets(sample), sample);
  }
});

Deno.test("maskSecrets() masks the secret alone", () => {
  for (
    const [text, masked] of [
      [": Authorization: x; touch f", ": Authorization: ***; touch f"],
      ["echo cookie: a=b && touch f", "echo cookie: *** && touch f"],
      ["curl -u me:pw1 https://x.example", "curl -u me:*** https://x.example"],
      ["run --password 'a b' --now", "run --password '***' --now"],
      [
        "mount -o password=x1yz,vers=3.0 a b",
        "mount -o password=***,vers=3.0 a b",
      ],
      [
        "https://me:pw1@x.example/a?token=x1yz&b=c",
        "https://me:***@x.example/a?token=***&b=c",
      ],
      [
        '{"a":"b","password":"c\\"d","e":1}',
        '{"a":"b","password":"***","e":1}',
      ],
      [
        "Set-Cookie: a=b; Path=/; HttpOnly",
        "Set-Cookie: ***; Path=/; HttpOnly",
      ],
      ["TOKEN=$(cat f) run", "TOKEN=$(cat f) run"],
      [
        "git clone https://x-access-token:x1yz@git.example/a/b here",
        "git clone https://x-access-token:***@git.example/a/b here",
      ],
      ["login password=123 token=12", "login password=*** token=12"],
      ["mysql -uroot -p123 db", "mysql -uroot -p*** db"],
      ["pip install sk-learn-something", "pip install sk-learn-something"],
      ["ping xapp-frontend-01", "ping xapp-frontend-01"],
    ] as const
  ) assertEquals(maskSecrets(text), masked);
});

Deno.test("maskSecrets() shows each command that stands behind a secret, whatever its quotes", () => {
  const nexts = [
    "; touch f",
    " && touch f",
    " | touch f",
    "& touch f # \"'",
    "\ntouch f",
    " $(touch f)",
    "$(touch f)",
    " `touch f`",
    " <(touch f)",
    " =(touch f)",
  ];
  const ends = [
    "",
    '; echo "',
    "; echo '",
    '; echo \\"',
    "@host",
    '")"',
    ' }"; "',
  ];
  for (const start of HIDING_SAMPLES) {
    for (const next of nexts) {
      for (const end of ends) {
        const command = start + next + end;
        const masked = maskSecrets(command);
        assert(masked.includes("touch f"), `${command} → ${masked}`);
      }
    }
  }
});

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
