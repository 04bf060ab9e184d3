import { assertEquals } from "@std/assert";
import { resolve } from "@std/path";
import { readConfig } from "./read_config.ts";
import { SETTINGS } from "./settings.ts";

function read(env: Readonly<Record<string, string>>) {
  return readConfig(SETTINGS, (variable) => env[variable]);
}

function problemOf(variable: string, value: string): string | undefined {
  const { problems } = read({ [variable]: value });
  return problems.length > 1 ? problems.join("; ") : problems[0];
}

Deno.test("readConfig() gives each setting its documented default", () => {
  const { values, problems, lines } = read({});
  assertEquals(problems, []);
  assertEquals(values.conductorLocalApi.origin, "http://127.0.0.1:4317");
  assertEquals(values.codexdLocalApi.origin, "http://127.0.0.1:4319");
  assertEquals(values.stateDir, resolve("state"));
  assertEquals(values.maxBodyBytes, 16_777_216);
  assertEquals(values.sharedToken, undefined);
  for (const { from, value, doc } of lines) {
    assertEquals(from, value === null ? "unset" : "default");
    assertEquals(doc.length > 0, true);
  }
});

Deno.test("readConfig() puts codexd's socket into the state folder, wherever that is", () => {
  const socketOf = (env: Readonly<Record<string, string>>) =>
    read(env).lines.find((it) => it.variable === "BAA_CODEXD_SOCKET");
  const inState = socketOf({ BAA_STATE_DIR: "/srv/$& state" });
  assertEquals(
    [inState?.value, inState?.from],
    ["/srv/$& state/codexd/codexd.sock", "default"],
  );
  assertEquals(
    socketOf({ BAA_STATE_DIR: "/srv", BAA_CODEXD_SOCKET: "/run/c.sock" })
      ?.value,
    "/run/c.sock",
  );
  // One problem, not two: what is wrong is the folder.
  assertEquals(read({ BAA_STATE_DIR: "\0" }).problems.length, 1);
});

Deno.test("readConfig() refuses a socket's path that is too long", () => {
  const given = "give a path of at most 100 bytes without control characters";
  const long = `/${"ö".repeat(50)}`;
  assertEquals(
    problemOf("BAA_CODEXD_SOCKET", long),
    `BAA_CODEXD_SOCKET is "${long}": ${given}`,
  );
  const folder = `/${"l".repeat(90)}`;
  assertEquals(
    problemOf("BAA_STATE_DIR", folder),
    `BAA_CODEXD_SOCKET is "${folder}/codexd/codexd.sock": ${given}`,
  );
  const longest = `/${"l".repeat(99)}`;
  assertEquals(problemOf("BAA_CODEXD_SOCKET", longest), undefined);
});

Deno.test("readConfig() names every problem at once: variable, value, what is allowed", () => {
  assertEquals(
    read({
      BAA_MAX_BODY_BYTES: "many",
      BAA_AUDIT: "off",
      BAA_NODE_ID: "a b",
    }).problems,
    [
      'BAA_NODE_ID is "a b": give 1 to 64 letters, digits, dots, dashes or underscores',
      'BAA_MAX_BODY_BYTES is "many": give a whole number from 1024 to 268435456',
      'BAA_AUDIT is "off": give one of on, enforced',
    ],
  );
});

Deno.test("readConfig() takes an empty variable for an unset one, but not an empty secret", () => {
  const { values, lines } = read({ BAA_NODE_ID: "", BAA_ALLOWED_HOSTS: "" });
  assertEquals([values.nodeId, values.allowedHosts], ["mini-main", undefined]);
  assertEquals(
    lines.find((it) => it.variable === "BAA_NODE_ID")?.from,
    "default",
  );
  assertEquals(
    problemOf("BAA_SHARED_TOKEN", ""),
    "BAA_SHARED_TOKEN is ***: give visible ASCII characters without spaces",
  );
});

Deno.test("readConfig() never shows a secret, right or wrong", () => {
  for (const secret of ["canary-token", "canary token"]) {
    const { lines, problems } = read({ BAA_SHARED_TOKEN: secret });
    assertEquals(JSON.stringify([lines, problems]).includes("canary"), false);
    const line = lines.find((it) => it.variable === "BAA_SHARED_TOKEN");
    assertEquals(line?.from, "environment");
  }
});

Deno.test("readConfig() shows of where notifications go the origin alone", () => {
  const variable = "BAA_NOTIFY_URL";
  const value = "https://me:canary@ntfy.example:8443/canary?auth=canary";
  const { values, lines, problems } = read({ [variable]: value });
  assertEquals([values.notifyUrl?.href, problems], [value, []]);
  const line = lines.find((it) => it.variable === variable);
  assertEquals(line?.value, "https://ntfy.example:8443");
  assertEquals(read({ [variable]: "" }).values.notifyUrl, undefined);
  for (const bad of ["canary", "ftp://x/canary", "https://x/#canary"]) {
    assertEquals(
      problemOf(variable, bad),
      "BAA_NOTIFY_URL is ***: give " +
        "http(s)://[user:password@]<host>[:port][/path][?query]",
    );
  }
});

Deno.test("readConfig() takes the events that are notified from their list", () => {
  const all = [
    "approval.requested",
    "task.failed",
    "schedule.missed",
    "daemon.crashed",
  ];
  assertEquals(read({}).values.notifyOn, all);
  const some = { BAA_NOTIFY_ON: "daemon.crashed, task.failed" };
  assertEquals(read(some).values.notifyOn, ["daemon.crashed", "task.failed"]);
  assertEquals(
    problemOf("BAA_NOTIFY_ON", "task.failed,task.started"),
    'BAA_NOTIFY_ON is "task.failed,task.started": give any of ' +
      `${all.join(", ")}, separated by commas`,
  );
});

Deno.test("SETTINGS refuse what could never work", () => {
  const bad: [string, readonly string[]][] = [
    ["BAA_CONDUCTOR_LOCAL_API", [
      "127.0.0.1:4317",
      "https://127.0.0.1:4317",
      "http://127.0.0.1:4317/v1",
      "http://u:p@127.0.0.1:4317",
      "http://127.0.0.1:99999",
      "http://",
      "unix:/x",
    ]],
    ["BAA_CONDUCTOR_PUBLIC_API_BASE", [
      "conductor.makefile.so",
      "ftp://x",
      "https://x/y",
    ]],
    ["BAA_PUBLIC_PROXY_ADDRESSES", [
      "proxy",
      "1",
      "1.2.3",
      "1.2.3.256",
      "....",
      "[::1]",
      "::1::",
      "1.2.3.4,",
    ]],
    ["BAA_ALLOWED_HOSTS", [
      "a b",
      "http://a",
      "a:99999",
      "a/b",
      "*.a",
      "a,,b",
      "::1",
    ]],
    ["BAA_ALLOWED_ORIGINS", [
      "a",
      "https://a/",
      "https://A",
      "https://a:443",
      "https://a,b",
      "null",
      "*",
    ]],
    ["BAA_MAX_CONCURRENT_RUNS", [
      "0",
      "-1",
      "1.5",
      "1e1",
      "0x1",
      " 1",
      "65",
      "999999999999999999999",
    ]],
    ["BAA_ALLOW_UNAUTHENTICATED_LAN", ["yes", "true", "2"]],
    ["BAA_HOST_OPS_READ_ROOTS", ["relative", "/a:b", ":"]],
    ["BAA_SHELL", ["sh", "./sh"]],
    ["BAA_STATE_DIR", ["a\nb", "a\u0000"]],
    ["BAA_LOG_LEVEL", ["INFO", "trace"]],
    ["BAA_BROWSER_PLATFORMS", ["x", "=y"]],
    ["BAA_NOTIFY_FORMAT", ["JSON", "slack"]],
  ];
  for (const [variable, values] of bad) {
    for (const value of values) {
      const problem = problemOf(variable, value) ?? "";
      assertEquals(
        problem.startsWith(`${variable} is ${JSON.stringify(value)}: give `),
        true,
        `${variable}=${value}: ${problem}`,
      );
    }
  }
});

Deno.test("SETTINGS take what owners really write", () => {
  const good: [string, readonly string[]][] = [
    ["BAA_CONDUCTOR_LOCAL_API", [
      "http://100.71.210.78:4317",
      "http://[::1]:4317/",
      "http://localhost:0",
    ]],
    ["BAA_CONDUCTOR_PUBLIC_API_BASE", [
      "https://conductor.makefile.so",
      "http://x:8080/",
    ]],
    ["BAA_PUBLIC_PROXY_ADDRESSES", [
      "127.0.0.1",
      "10.0.0.1, fd00::1",
      "::FFFF:1.2.3.4",
    ]],
    ["BAA_ALLOWED_HOSTS", [
      "mini",
      "mini.tail.ts.net:4317, [fd00::1]:80",
      "Mini.Local",
    ]],
    ["BAA_ALLOWED_ORIGINS", [
      "https://a.b",
      "http://localhost:3000,moz-extension://1-2",
    ]],
    ["BAA_HOST_OPS_READ_ROOTS", ["/a:/b/", "/"]],
  ];
  for (const [variable, values] of good) {
    for (const value of values) {
      assertEquals(
        problemOf(variable, value),
        undefined,
        `${variable}=${value}`,
      );
    }
  }
});
