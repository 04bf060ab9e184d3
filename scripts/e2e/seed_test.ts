import { assertEquals, assertMatch, assertNotMatch } from "@std/assert";
import { join } from "@std/path";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

Deno.test("conductor holds every assertion of the host-ops contract over HTTP", async () => {
  await using conductor = await startDaemon("conductor");
  const at = (path: string) => conductor.origin + path;
  const cwd = join(conductor.folder, "work");
  await Deno.mkdir(cwd);

  const describe = await call(at("/describe"));
  assertEquals(describe.status, 200);
  assertEquals(describe.ok, true);
  assertEquals(describe.data.name, "baa-conductor-daemon");
  assertEquals(describe.data.system.mode, "running");
  assertEquals(
    describe.data.describe_endpoints.business.path,
    "/describe/business",
  );
  assertEquals(
    describe.data.describe_endpoints.control.path,
    "/describe/control",
  );
  assertEquals(describe.data.host_operations.enabled, true);

  const business = await call(at("/describe/business"));
  assertEquals(business.status, 200);
  assertEquals(business.data.surface, "business");
  const businessEndpoints = JSON.stringify(business.data.endpoints);
  assertNotMatch(businessEndpoints, /\/v1\/system\/pause/u);
  assertNotMatch(businessEndpoints, /\/v1\/exec/u);

  const control = await call(at("/describe/control"));
  assertEquals(control.status, 200);
  assertEquals(control.data.surface, "control");
  const controlEndpoints = JSON.stringify(control.data.endpoints);
  assertMatch(controlEndpoints, /\/v1\/exec/u);
  assertNotMatch(controlEndpoints, /\/v1\/tasks/u);

  const health = await call(at("/health"));
  assertEquals(health.status, 200);
  assertEquals(health.data.status, "ok");

  const file = { path: "notes/demo.txt", cwd };
  const write = await call(at("/v1/files/write"), {
    ...file,
    content: "hello from local host ops",
    overwrite: false,
    createParents: true,
  });
  assertEquals(write.status, 200);
  assertEquals(write.data.ok, true);
  assertEquals(write.data.operation, "files/write");
  assertEquals(write.data.result.created, true);

  const read = await call(at("/v1/files/read"), file);
  assertEquals(read.status, 200);
  assertEquals(read.data.ok, true);
  assertEquals(read.data.result.content, "hello from local host ops");

  const duplicate = await call(at("/v1/files/write"), {
    ...file,
    content: "should not overwrite",
    overwrite: false,
  });
  assertEquals(duplicate.status, 200);
  assertEquals(duplicate.data.ok, false);
  assertEquals(duplicate.data.error.code, "FILE_ALREADY_EXISTS");
  assertEquals(duplicate.data.error.details, { overwrite: false });
  assertEquals(duplicate.data.error.retryable, false);
  assertEquals(duplicate.data.result, {
    absolutePath: join(cwd, "notes/demo.txt"),
    encoding: "utf8",
  });
  assertEquals(
    await Deno.readTextFile(join(cwd, "notes/demo.txt")),
    "hello from local host ops",
  );

  const exec = await call(at("/v1/exec"), {
    command: "printf 'host-http-ok'",
    cwd,
    timeoutMs: 2000,
  });
  assertEquals(exec.status, 200);
  assertEquals(exec.data.ok, true);
  assertEquals(exec.data.operation, "exec");
  assertEquals(exec.data.result.stdout, "host-http-ok");
});
