import { assert, assertEquals } from "@std/assert";
import { testConductor } from "./testing/test_conductor.ts";

const TOKEN = "canary-token-1234";
const BASE = "https://conductor.example.org";
const DOCUMENTS = ["/describe", "/describe/control", "/v1/capabilities"];

Deno.test("what a command will find is told, once a document, and is what it finds", async () => {
  const roots = "/tmp:/var";
  await using it = await testConductor({
    BAA_HOST_OPS_READ_ROOTS: roots,
    BAA_UMASK: "27",
    BAA_MAX_CONCURRENT_EXECS: "7",
    BAA_EXEC_PATH: "/usr/bin:/bin",
  });
  for (const path of DOCUMENTS) {
    const text = await (await it.server.get(path)).text();
    assertEquals(text.split(`"default_cwd"`).length, 2, path);
    const { environment } = JSON.parse(text).data.host_operations;
    const { variables, limits, ...told } = environment;
    const response = await it.server.post("/v1/exec", {
      command: "pwd; echo $SHELL; echo $HOME; echo ${USER-}; echo $PATH; env",
    });
    const [cwd, shell, home, user, searched, ...env] = (await response.json())
      .data.result.stdout.trimEnd().split("\n");
    assertEquals(told, {
      default_cwd: cwd,
      shell,
      home,
      user: user || null,
      path: searched,
      umask: "027",
      read_roots: ["/tmp", "/var"],
      write_roots: null,
    });
    assertEquals(limits.max_concurrent_execs, 7);
    assertEquals(variables.PATH, "BAA_EXEC_PATH");
    assertEquals(variables.HOME, "the daemon's environment");
    // a shell adds its own
    const found = env.map((line: string) => line.split("=", 1)[0])
      .filter((name: string) =>
        !["PWD", "OLDPWD", "SHLVL", "_"].includes(name)
      );
    assertEquals(Object.keys(variables).sort(), found.sort());
  }
  const business = await (await it.server.get("/describe/business")).text();
  assert(!business.includes("default_cwd"));
});

Deno.test("nobody is told what a command will find in the public zone, or without the token", async () => {
  await using it = await testConductor({
    BAA_SHARED_TOKEN: TOKEN,
    BAA_CONDUCTOR_PUBLIC_API_BASE: BASE,
  });
  const authorization = `Bearer ${TOKEN}`;
  for (const path of [...DOCUMENTS, "/describe/business", "/openapi.json"]) {
    for (
      const headers of [
        {},
        { "x-forwarded-for": "10.0.0.1", authorization },
      ]
    ) {
      const response = await it.server.get(path, { headers });
      assertEquals(response.status, 200);
      const text = await response.text();
      assert(!/default_cwd|umask|read_roots/.test(text), path);
      assert(!text.includes(Deno.cwd()), path);
    }
  }
  for (const path of DOCUMENTS) {
    const response = await it.server.get(path, { headers: { authorization } });
    assert((await response.text()).includes(`"default_cwd"`));
  }
});
