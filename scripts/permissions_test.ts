import { assert, assertEquals } from "@std/assert";
import { fromFileUrl, resolve } from "@std/path";
import config from "../deno.json" with { type: "json" };
import { permissionFlags, permissionsOf } from "./permissions.ts";

const ROOT = fromFileUrl(new URL("../", import.meta.url));

for (const program of ["conductor", "codexd"] as const) {
  Deno.test(`the ${program} set of deno.json is what the default configuration renders`, () => {
    const set = config.permissions[program];
    const absolute = (paths: boolean | readonly string[]) =>
      typeof paths === "boolean" ? paths : paths.map((it) => resolve(ROOT, it));
    const rendered = permissionsOf(program, () => undefined);
    // The tests run in the repository's root, where the defaults are relative to.
    assertEquals(Deno.cwd(), resolve(ROOT));
    assertEquals<unknown>(
      {
        ...set,
        read: absolute(set.read),
        write: absolute(set.write),
      },
      {
        ...rendered,
        // A file for every machine cannot name the absolute path of a socket.
        net: rendered.net.filter((it) => !it.startsWith("unix:")),
      },
    );
  });
}

Deno.test("permissionsOf() takes from a root what is left out, and no more", () => {
  const env: Record<string, string> = {
    BAA_HOST_OPS_WRITE_ROOTS: "/srv",
    BAA_HOST_OPS_LEFT_OUT: "/srv/bin:/srv/a,b",
  };
  const flags = permissionFlags(permissionsOf("conductor", (it) => env[it]));
  assertEquals(flags.filter((it) => it.includes("deny")), [
    "--deny-write=/srv/bin,/srv/a,,b",
  ]);
});

Deno.test("permissionsOf() lets conductor reach the one host that it notifies", () => {
  for (
    const [url, address] of [
      ["https://me:canary@ntfy.example/canary", "ntfy.example:443"],
      ["http://[::1]:8080/x?auth=canary", "[::1]:8080"],
    ] as const
  ) {
    const env: Record<string, string> = {
      BAA_NOTIFY_URL: url,
      BAA_NOTIFY_SECRET_FILE: "/etc/notify",
      BAA_HOST_OPS_READ_ROOTS: "/srv",
    };
    const set = permissionsOf("conductor", (it) => env[it]);
    const without = permissionsOf("conductor", () => undefined);
    assertEquals(set.net.filter((it) => !without.net.includes(it)), [address]);
    assert(set.read !== true && set.read.includes("/etc/notify"));
    assert(!permissionFlags(set).join(" ").includes("canary"));
    const codexd = permissionsOf("codexd", (it) => env[it]);
    assert(!codexd.net.includes(address));
  }
});

Deno.test("permissionFlags() grants a folder whose name has a comma, and nothing else", () => {
  const set = permissionsOf(
    "codexd",
    (name) => name === "BAA_STATE_DIR" ? "/srv/a,b" : undefined,
  );
  const flag = permissionFlags(set).find((it) =>
    it.startsWith("--allow-write")
  );
  assert(flag?.startsWith("--allow-write=/srv/a,,b,"));
});
