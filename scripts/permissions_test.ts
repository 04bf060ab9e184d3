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
