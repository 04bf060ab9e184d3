import { assert, assertEquals } from "@std/assert";
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
      ["TOKEN=yes csrf=12 run", "TOKEN=*** csrf=*** run"],
      ["run --password on", "run --password ***"],
      ["token=a\\", "token=***"],
      ["UID=me;PWD=x1yz;", "UID=me;PWD=***;"],
      [
        "/x?session_id=0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "/x?session_id=***",
      ],
      [
        "JSESSIONID: 0199a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b",
        "JSESSIONID: ***",
      ],
      ["mysql -uroot -p123 db", "mysql -uroot -p*** db"],
      ["pip install sk-learn-something", "pip install sk-learn-something"],
      ["ping xapp-frontend-01", "ping xapp-frontend-01"],
    ] as const
  ) assertEquals(maskSecrets(text), masked);
});

Deno.test("maskSecrets() shows that there was a key, and reads the shortest text that can hold a secret", () => {
  const base64 = "MIIBVQIBADANBgkqhkiG9w0BAQEFAASCAT8wggE7AgEAAkEA";
  const key =
    `-----BEGIN PRIVATE KEY-----\n${base64}\n-----END PRIVATE KEY-----`;
  assertEquals(
    maskSecrets(`a ${key} b`),
    "a -----BEGIN PRIVATE KEY-----*** b",
  );
  assertEquals(maskSecrets("sid=x"), "sid=***");
  const token = `ghp_${"A1b2C3d4E5".repeat(4)}`.slice(0, 40);
  assertEquals(maskSecrets(`${token} and ${token}`), "*** and ***");
  assertEquals(
    maskSecrets("https://0123456789abcdefghij0123@x.example/a"),
    "https://***@x.example/a",
  );
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
