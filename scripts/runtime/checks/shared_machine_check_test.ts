import { assertEquals, assertMatch } from "@std/assert";
import { installationIn } from "../testing/fixtures.ts";
import { stoodIn } from "../testing/stood_in.ts";
import { sharedMachineCheck } from "./shared_machine_check.ts";

/** As `dscl . -list /Users UniqueID` prints: names padded, the system's own first. */
const DSCL = `_amavisd                83
_www                    70
daemon                  1
nobody                  -2
root                    0
george                  501
`;

const PASSWD = `root:x:0:0:root:/root:/bin/bash
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
george:x:1000:1000::/home/george:/bin/zsh
mary:x:1001:1001::/home/mary:/bin/sh
git:x:1002:1002::/srv/git:/usr/sbin/nologin
`;

const check = async (
  answers: Parameters<typeof stoodIn>[0],
  settings: Record<string, string> = {},
) => {
  const installation = installationIn("/nowhere", { settings });
  const findings = await sharedMachineCheck(installation, stoodIn(answers));
  return findings.map(({ level, seen }) => `${level} ${seen}`);
};

Deno.test("sharedMachineCheck() names who else can log in where no token is set", async () => {
  const alone = ["ok nobody else can log in here"];
  assertEquals(await check({ dscl: DSCL }), alone);
  assertEquals(
    await check({ getent: PASSWD.replace(/^mary.*\n/m, "") }),
    alone,
  );
  const mary = "warning no token is set, and mary can log in here: every " +
    "program of theirs may do what george may";
  assertEquals(await check({ dscl: `${DSCL}mary      502\n` }), [mary]);
  assertEquals(await check({ getent: PASSWD }), [mary]);
  const [withToken = ""] = await check(
    { getent: PASSWD },
    { BAA_SHARED_TOKEN_FILE: "/t" },
  );
  assertMatch(
    withToken,
    /^ok a token is set, and mary can log in here: .* cookie .* every port/,
  );
  const many = ["a", "b", "c", "d"].map((it, i) => `${it}\u001b  ${503 + i}\n`);
  assertEquals(
    (await check({ dscl: DSCL + many.join("") }))[0]?.split(" can ")[0],
    "warning no token is set, and a\\u001b, b\\u001b, c\\u001b and 1 more",
  );
});
