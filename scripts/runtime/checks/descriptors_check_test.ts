import { assertEquals } from "@std/assert";
import { descriptorsCheck } from "./descriptors_check.ts";

async function levelOf(descriptors: unknown): Promise<unknown> {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => Response.json({ ok: true, request_id: "r", data: { descriptors } }),
  );
  const base = `http://127.0.0.1:${server.addr.port}`;
  const findings = await descriptorsCheck(base, undefined);
  return findings.map(({ level, seen }) => [level, seen.split(":")[0]]);
}

Deno.test("descriptorsCheck() names a limit that is too low", async () => {
  assertEquals(await levelOf({ in_use: 31, limit: 256 }), [
    ["warning", "31 of 256 in use"],
  ]);
  assertEquals(await levelOf({ in_use: 31, limit: 4096 }), [
    ["ok", "31 of 4096 in use"],
  ]);
  assertEquals(await levelOf({ in_use: 31, limit: null }), [
    ["ok", "31 in use"],
  ]);
  assertEquals(await levelOf(undefined), []);
});
