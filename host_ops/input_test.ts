import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  normaliseExec,
  normaliseFileEdit,
  normaliseFileRead,
  normaliseFileWrite,
} from "./input.ts";
import { ExecRequest, FileReadRequest, FileWriteRequest } from "./schemas.ts";

const BASE = { cwd: "/base", home: "/home/me" };

Deno.test("normaliseExec() fills in the defaults", () => {
  assertEquals({ ...normaliseExec({ command: "true" }, BASE) }, {
    input: {
      command: "true",
      cwd: BASE.cwd,
      timeoutMs: 30_000,
      maxBufferBytes: 10_485_760,
      onLimit: "kill",
    },
    issues: [],
  });
  assertEquals(normaliseFileRead({ path: "a" }, BASE).input, {
    path: "a",
    cwd: BASE.cwd,
    encoding: "utf8",
    maxBytes: 10_485_760,
  });
  assertEquals(normaliseFileWrite({ path: "a", content: "" }, BASE).input, {
    path: "a",
    content: "",
    cwd: BASE.cwd,
    encoding: "utf8",
    createParents: true,
    overwrite: true,
  });
});

Deno.test("normaliseExec() gives a detached command no limit of time of its own", () => {
  const of = (request: object) => {
    const { input } = normaliseExec({ command: "x", ...request }, BASE);
    return [input.timeoutMs, input.waitMs];
  };
  assertEquals(of({ detach: true }), [0, 0]);
  assertEquals(of({ detach: true, timeout_ms: 7, wait_ms: 9 }), [7, 9]);
  assertEquals(of({ detach: false }), [30_000, undefined]);
  const { issues } = normaliseExec({ command: "x", waitMs: 1 }, BASE);
  assertEquals(issues.map(({ path }) => path), ["waitMs"]);
});

Deno.test("a detached command takes nothing that says what becomes of too much output", () => {
  const of = (request: object) =>
    normaliseExec({ command: "x", detach: true, ...request }, BASE);
  assertEquals("onLimit" in of({ maxBufferBytes: 5 }).input, false);
  assertEquals(of({ maxBufferBytes: 5 }).issues, []);
  for (const name of ["onLimit", "on_limit"]) {
    for (const value of ["kill", "discard"]) {
      const [issue, ...more] = of({ [name]: value }).issues;
      assertEquals([issue?.path, more], [name, []]);
      assertStringIncludes(issue?.message ?? "", "/v1/runs/:run_id/output");
    }
  }
  const both = of({ headBytes: 1, tail_bytes: 1 }).issues;
  assertEquals(both.map(({ path }) => path), ["headBytes", "tail_bytes"]);
});

Deno.test("a synonym, a list as command and a quoted number are answered with what is taken", () => {
  const first = (request: object) =>
    normaliseExec(request, BASE).issues[0]?.message ?? "";
  for (const name of ["cmd", "shell", "script"]) {
    assertStringIncludes(first({ [name]: "x" }), "did you mean command?");
  }
  assertStringIncludes(
    first({ command: "x", timeout: 5 }),
    "did you mean timeoutMs?",
  );
  assertStringIncludes(first({ command: ["a", "b"] }), "as args");
  assertStringIncludes(first({ command: "x", timeoutMs: "5" }), ': 5, not "5"');
  assertStringIncludes(
    first({ command: "x", detach: "true" }),
    ': true, not "true"',
  );
  assertEquals(
    first({ command: "x", timeoutMs: "soon" }),
    "exec.timeoutMs must be an integer from 0 to 2147483647.",
  );
  const read = normaliseFileRead({ file: "x" }, BASE).issues;
  assert(read.some(({ message }) => message.includes("did you mean path?")));
});

Deno.test("an unknown field of an edit is named, with the one that is meant", () => {
  const edits = [{ old_string: "a", new_string: "b", replaceAll: true }];
  const { issues } = normaliseFileEdit({ path: "x", edits }, BASE);
  assertEquals(
    issues.slice(0, 3).map(({ path, message }) => [
      path,
      /did you mean (\w+)/.exec(message)?.[1],
    ]),
    [
      ["edits.0.old_string", "old"],
      ["edits.0.new_string", "new"],
      ["edits.0.replaceAll", "all"],
    ],
  );
});

Deno.test("normaliseExec() takes a relative folder from the working folder", () => {
  const cwdOf = (cwd: string) =>
    normaliseExec({ command: "x", cwd }, BASE).input.cwd;
  assertEquals(cwdOf("./sub//other/"), "/base/sub/other");
  // where that is, only the kernel can say
  assertEquals(cwdOf("sub/../other"), "/base/sub/../other");
  assertEquals(cwdOf("/as/it/../is/"), "/as/it/../is/");
});

Deno.test("a path or folder may begin in the owner's home, and in nobody else's", () => {
  const cwdOf = (cwd: string) =>
    normaliseFileRead({ path: "x", cwd }, BASE).input.cwd;
  assertEquals(["~", "~/", "~/a b", "./~", "a/~"].map(cwdOf), [
    "/home/me",
    "/home/me",
    "/home/me/a b",
    "/base/~",
    "/base/a/~",
  ]);
  const request = { path: "~root/x", cwd: "~me", content: "" };
  const rule =
    "must not begin with ~name: ~ and ~/… are the owner's home, and nobody else's is known; ./~name is a file of that name.";
  assertEquals(normaliseFileWrite(request, BASE).issues, [
    { path: "path", message: `files/write.path ${rule}` },
    { path: "cwd", message: `files/write.cwd ${rule}` },
  ]);
  assertEquals(normaliseExec({ command: "x", cwd: "~me" }, BASE).issues, [
    { path: "cwd", message: `exec.cwd ${rule}` },
  ]);
  const homeless = normaliseFileRead({ path: "~/x", cwd: "~" }, { cwd: "/" });
  assertEquals(homeless.issues.map((it) => it.path), ["path", "cwd"]);
});

Deno.test("a path or folder is refused above 4096 bytes, and echoed no longer than that", () => {
  const fits = "/" + "é".repeat(2047) + "a";
  const request = { path: fits, cwd: fits, content: "" };
  assertEquals(normaliseFileRead({ path: fits, cwd: fits }, BASE).issues, []);
  assertEquals(normaliseFileWrite(request, BASE).issues, []);
  const long = { path: `${fits}a`, cwd: `${fits}a`, content: "" };
  const { issues } = normaliseFileWrite(long, BASE);
  assertEquals(
    issues,
    ["path", "cwd"].map((path) => ({
      path,
      message: `files/write.${path} must be at most 4096 bytes.`,
    })),
  );
  const exec = normaliseExec({ command: "x", cwd: `${fits}a` }, BASE);
  assertEquals(exec.issues.map(({ message }) => message), [
    "exec.cwd must be at most 4096 bytes.",
  ]);
  const huge = normaliseFileRead({ path: "://".repeat(100_000) }, BASE);
  assertEquals(huge.issues.length, 1);
  assertEquals(huge.input.path.length, 4096);
});

Deno.test("each alias stands for its field, and not beside it", () => {
  const exec = normaliseExec(
    { command: "x", timeout_ms: 5, max_buffer_bytes: 6 },
    BASE,
  );
  assertEquals(exec.issues, []);
  assertEquals([exec.input.timeoutMs, exec.input.maxBufferBytes], [5, 6]);
  const read = normaliseFileRead({ path: "x", max_bytes: 7 }, BASE);
  assertEquals(read.input.maxBytes, 7);
  const write = normaliseFileWrite({
    path: "x",
    content: "",
    create_parents: false,
    if_match: "A".repeat(64),
  }, BASE);
  assertEquals(write.issues, []);
  assertEquals(write.input.createParents, false);
  assertEquals(write.input.ifMatch, "A".repeat(64));

  const both = normaliseExec(
    { command: "x", timeoutMs: 5, timeout_ms: 5 },
    BASE,
  );
  assertEquals(both.issues, [{
    path: "timeout_ms",
    message: "exec.timeout_ms and timeoutMs must not both be given.",
  }]);
});

Deno.test("normaliseExec() names every field that is wrong and echoes the defaults", () => {
  const { input, issues } = normaliseExec({
    command: 7,
    cwd: "",
    timeout_ms: -1,
    maxBufferBytes: "10",
    stdin: null,
    env: [],
    args: "ls",
  }, BASE);
  assertEquals(input, {
    command: "",
    cwd: BASE.cwd,
    timeoutMs: 30_000,
    maxBufferBytes: 10_485_760,
    onLimit: "kill",
  });
  assertEquals(issues, [
    {
      path: "command",
      message: "exec.command must be a non-empty string.",
    },
    { path: "args", message: "exec.args must be an array of strings." },
    {
      path: "cwd",
      message: "exec.cwd must be a non-empty string when provided.",
    },
    {
      path: "timeout_ms",
      message: "exec.timeout_ms must be an integer from 0 to 2147483647.",
    },
    {
      path: "maxBufferBytes",
      message:
        'exec.maxBufferBytes must be an integer from 1 to 67108864: 10, not "10".',
    },
    { path: "stdin", message: "exec.stdin must be a string." },
    { path: "env", message: "exec.env must be an object of strings." },
  ]);
});

Deno.test("normaliseExec() accepts the limits and nothing beyond them", () => {
  const issuesOf = (fields: Readonly<Record<string, unknown>>) =>
    normaliseExec({ command: "x", ...fields }, BASE).issues
      .map((it) => it.path);
  for (
    const fields of [
      { timeoutMs: 0 },
      { timeoutMs: 2_147_483_647 },
      { maxBufferBytes: 1 },
      { maxBufferBytes: 67_108_864 },
      { stdin: "" },
      { stdin: "\0" },
      { env: {} },
      { env: { A_1: "", PATH: "/x" } },
    ]
  ) assertEquals(issuesOf(fields), [], JSON.stringify(fields));
  for (
    const [fields, path] of [
      [{ timeoutMs: 2_147_483_648 }, "timeoutMs"],
      [{ timeoutMs: 1.5 }, "timeoutMs"],
      [{ timeoutMs: null }, "timeoutMs"],
      [{ timeoutMs: NaN }, "timeoutMs"],
      [{ maxBufferBytes: 0 }, "maxBufferBytes"],
      [{ maxBufferBytes: 67_108_865 }, "maxBufferBytes"],
      [{ command: "a\0b" }, "command"],
      [{ command: "  " }, "command"],
      [{ command: "\ud800" }, "command"],
      [{ stdin: "\ud800" }, "stdin"],
      [{ cwd: "/a\0" }, "cwd"],
      [{ env: { LD_PRELOAD: "x" } }, "env.LD_PRELOAD"],
      [{ env: { DYLD_INSERT_LIBRARIES: "" } }, "env.DYLD_INSERT_LIBRARIES"],
      [{ env: { SHELLOPTS: "noexec" } }, "env.SHELLOPTS"],
      [{ env: { BASHOPTS: "" } }, "env.BASHOPTS"],
      [{ env: { BASH_ENV: "/a" } }, "env.BASH_ENV"],
      [{ env: { "BASH_FUNC_ls%%": "() { :; }" } }, "env.BASH_FUNC_ls%%"],
      [{ env: { ZDOTDIR: "/a" } }, "env.ZDOTDIR"],
      [{ env: { BAA_INSIDE: "" } }, "env.BAA_INSIDE"],
      [{ env: { BAA_RUN_ID: "a" } }, "env.BAA_RUN_ID"],
      [{ env: { "a=b": "" } }, "env.a=b"],
      [{ env: { "": "" } }, "env."],
      [{ env: { A: 1 } }, "env.A"],
      [{ env: { A: "\0" } }, "env.A"],
    ] as const
  ) assertEquals(issuesOf(fields), [path], JSON.stringify(fields));
});

Deno.test("normaliseExec() wants a command or args, one of them", () => {
  const count = (request: unknown) =>
    normaliseExec(request, BASE).issues.length;
  assertEquals(count({}), 1);
  assertEquals(count({ command: "x", args: ["x"] }), 1);
  assertEquals(count({ args: [] }), 1);
  assertEquals(count({ args: [""] }), 1);
  assertEquals(count({ args: ["-c", "x"] }), 1);
  assertEquals(count({ args: ["x", 1] }), 1);
  assertEquals(count({ args: ["x", "a\0"] }), 1);
  assertEquals(count({ args: ["x", "", "-c"] }), 0);
  for (const request of [undefined, null, "ls", ["ls"], 7]) {
    assert(count(request) >= 1);
  }
});

Deno.test("an unknown field is refused with the known ones and the likely one", () => {
  const { issues } = normaliseExec({ command: "x", timeoutMS: 1 }, BASE);
  assertEquals(issues, [{
    path: "timeoutMS",
    message:
      "exec.timeoutMS is not a known field: did you mean timeoutMs? known are command, args, cwd, timeoutMs, maxBufferBytes, onLimit, headBytes, tailBytes, stdin, env, detach, waitMs, timeout_ms, max_buffer_bytes, on_limit, head_bytes, tail_bytes, wait_ms.",
  }]);
  const far = normaliseFileRead({ path: "x", zebra: 1 }, BASE);
  assertEquals(far.issues[0]?.message.includes("did you mean"), false);
  const own = normaliseFileRead(JSON.parse('{"path":"x","__proto__":1}'), BASE);
  assertEquals(own.issues[0]?.path, "__proto__");
  const nested = normaliseExec(
    JSON.parse('{"command":"x","env":{"A":"1","__proto__":"x"}}'),
    BASE,
  );
  assertEquals(nested.issues, [{
    path: "env.__proto__",
    message: 'exec.env.__proto__ must not be called "__proto__".',
  }]);
});

Deno.test("the request schemas agree with what is accepted", () => {
  assert(ExecRequest.safeParse({ args: ["ls"], timeout_ms: 1 }).success);
  assert(!ExecRequest.safeParse({ command: "x", timeoutMS: 1 }).success);
  assert(FileReadRequest.safeParse({ path: "x", max_bytes: 1 }).success);
  assert(!FileReadRequest.safeParse({ path: "x", offset: 0.5 }).success);
  assert(
    FileWriteRequest.safeParse({ path: "x", content: "", if_match: "x" })
      .success,
  );
  assert(!FileWriteRequest.safeParse({ path: "x" }).success);
});

Deno.test("normaliseFileWrite() refuses ifMatch without overwriting", () => {
  const { issues } = normaliseFileWrite({
    path: "x",
    content: "",
    overwrite: false,
    ifMatch: "0".repeat(64),
  }, BASE);
  assertEquals(issues.map((it) => it.path), ["ifMatch"]);
});

Deno.test("what breaks two rules of the same words is told once", () => {
  for (
    const field of [{ lines: "a-b" }, { lines: "9-1" }, { offset: -(2 ** 60) }]
  ) {
    const { issues } = normaliseFileRead({ path: "a", ...field }, BASE);
    assertEquals(issues.map((it) => it.path), Object.keys(field));
  }
});
