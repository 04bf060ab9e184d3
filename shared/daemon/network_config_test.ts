import { assertEquals } from "@std/assert";
import { tempDir } from "../testing/fakes.ts";
import { judgeNetwork, type NetworkSettings } from "./network_config.ts";

const TOKEN = "correct-horse-battery";

function judge(settings: Partial<NetworkSettings> = {}) {
  return judgeNetwork({
    listen: new URL("http://127.0.0.1:4317"),
    listenVariable: "BAA_CONDUCTOR_LOCAL_API",
    sharedToken: undefined,
    sharedTokenFile: undefined,
    allowUnauthenticatedLan: false,
    publicApiBase: undefined,
    publicProxyAddresses: undefined,
    ...settings,
  });
}

Deno.test("judgeNetwork() lets loopback be, with or without a token", () => {
  for (const host of ["127.0.0.1", "127.0.0.9", "localhost", "[::1]"]) {
    const listen = new URL(`http://${host}:4317`);
    assertEquals(judge({ listen }), {
      token: undefined,
      problems: [],
      warnings: [],
    });
  }
  assertEquals(judge({ sharedToken: TOKEN }).token, TOKEN);
});

Deno.test("judgeNetwork() refuses other addresses without a token, unless the network is trusted", () => {
  for (
    const host of [
      "100.71.210.78",
      "0.0.0.0",
      "[::]",
      "mini.local",
      "127.evil.com",
    ]
  ) {
    const listen = new URL(`http://${host}:4317`);
    const refused = judge({ listen });
    assertEquals([refused.problems.length, refused.warnings.length], [1, 0]);
    for (
      const name of [
        `BAA_CONDUCTOR_LOCAL_API is "${listen.origin}"`,
        "BAA_SHARED_TOKEN_FILE",
        "BAA_ALLOW_UNAUTHENTICATED_LAN=1",
      ]
    ) assertEquals(refused.problems[0]?.includes(name), true, name);
    const trusted = judge({ listen, allowUnauthenticatedLan: true });
    assertEquals([trusted.problems.length, trusted.warnings.length], [0, 1]);
    const known = judge({ listen, sharedToken: TOKEN });
    assertEquals([known.problems.length, known.warnings.length], [0, 0]);
  }
});

Deno.test("judgeNetwork() refuses port 0 beyond loopback", () => {
  const listen = new URL("http://0.0.0.0:0");
  assertEquals(judge({ listen, sharedToken: TOKEN }).problems.length, 1);
});

Deno.test("judgeNetwork() warns of a public base that nothing tells from local", () => {
  const publicApiBase = new URL("https://conductor.makefile.so");
  assertEquals(judge({ publicApiBase }).warnings.length, 1);
  assertEquals(
    judge({ publicApiBase, sharedToken: TOKEN }).warnings.length,
    0,
  );
  assertEquals(
    judge({ publicApiBase, publicProxyAddresses: ["10.0.0.1"] }).warnings
      .length,
    0,
  );
});

Deno.test("judgeNetwork() reads the token from its file", async () => {
  await using dir = await tempDir();
  const sharedTokenFile = dir.join("token");
  const write = (text: string, mode = 0o600) => {
    Deno.writeTextFileSync(sharedTokenFile, text);
    Deno.chmodSync(sharedTokenFile, mode);
    return judge({ sharedTokenFile });
  };
  assertEquals(write("from-the-file-4711\n"), {
    token: "from-the-file-4711",
    problems: [],
    warnings: [],
  });
  const open = write("from-the-file-4711", 0o644);
  assertEquals([open.token, open.warnings.length], ["from-the-file-4711", 1]);
  for (
    const text of [
      "",
      "\n",
      "two words",
      "two\nlines",
      "tökén",
      "x".repeat(5000),
    ]
  ) {
    const { token, problems } = write(text);
    assertEquals([token, problems.length], [undefined, 1], text);
    assertEquals(
      problems[0]?.startsWith(
        `BAA_SHARED_TOKEN_FILE is ${JSON.stringify(sharedTokenFile)}: `,
      ),
      true,
    );
  }
  for (
    const file of [dir.path, dir.join("missing"), "/dev/zero", "/dev/null"]
  ) {
    const { token, problems } = judge({ sharedTokenFile: file });
    assertEquals([token, problems.length], [undefined, 1], file);
  }
  write("from-the-file-4711");
  assertEquals(judge({ sharedTokenFile, sharedToken: TOKEN }).problems, [
    "BAA_SHARED_TOKEN and BAA_SHARED_TOKEN_FILE are both set: give one",
  ]);
});

Deno.test("judgeNetwork() refuses a token that can be guessed, wherever it stands", async () => {
  await using dir = await tempDir();
  const sharedTokenFile = dir.join("token");
  Deno.writeTextFileSync(sharedTokenFile, "changeme12345678\n", {
    mode: 0o600,
  });
  const remedy = "make one with: openssl rand -hex 32";
  assertEquals(judge({ sharedTokenFile }).problems, [
    `BAA_SHARED_TOKEN_FILE is ${
      JSON.stringify(sharedTokenFile)
    }, and the token in it can be guessed: it is a placeholder; ${remedy}`,
  ]);
  for (const allowUnauthenticatedLan of [false, true]) {
    assertEquals(
      judge({ sharedToken: "canary", allowUnauthenticatedLan }).problems,
      [
        `BAA_SHARED_TOKEN can be guessed: it has fewer than 16 characters; ${remedy}`,
      ],
    );
  }
});

Deno.test("judgeNetwork() never shows what stands in the token file", async () => {
  await using dir = await tempDir();
  const sharedTokenFile = dir.join("token");
  Deno.writeTextFileSync(sharedTokenFile, "canary canary");
  const { problems, warnings } = judge({ sharedTokenFile });
  assertEquals([...problems, ...warnings].join().includes("canary"), false);
});
