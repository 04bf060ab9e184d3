import { assertEquals } from "@std/assert";
import { NO_IMPORTS } from "../../permissions.ts";
import type { Baked } from "./baked.ts";
import { permissionDifferences } from "./permission_check.ts";

const WANTED = {
  read: true,
  write: ["/a", "/b"],
  net: ["127.0.0.1:1"],
  run: ["/bin/sh"],
  env: ["HOME"],
  sys: [],
} as const;

function baked(changes: Partial<Baked["permissions"]> = {}) {
  return {
    permissions: {
      allow_read: [],
      allow_write: ["/b", "/a"],
      allow_net: ["127.0.0.1:1"],
      allow_run: ["/bin/sh"],
      allow_env: ["HOME"],
      allow_import: [NO_IMPORTS],
      prompt: false,
      ...changes,
    },
  };
}

Deno.test("permissionDifferences() finds none where there is none", () => {
  assertEquals(permissionDifferences(WANTED, baked()), []);
});

Deno.test("permissionDifferences() tells everything from nothing", () => {
  assertEquals(
    permissionDifferences(WANTED, baked({ allow_read: null, allow_run: [] })),
    [
      "read is none, should be everything",
      "run is everything, should be /bin/sh",
    ],
  );
});

Deno.test("permissionDifferences() minds what is left out", () => {
  const wanted = { ...WANTED, denyWrite: ["/a/bin"] };
  assertEquals(
    permissionDifferences(wanted, baked({ deny_write: ["/a/bin"] })),
    [],
  );
  assertEquals(permissionDifferences(wanted, baked()), [
    "left out is none, should be /a/bin",
  ]);
  assertEquals(permissionDifferences(WANTED, baked({ deny_write: ["/b"] })), [
    "left out is /b, should be none",
  ]);
});

Deno.test("permissionDifferences() minds a program that asks for more", () => {
  assertEquals(permissionDifferences(WANTED, baked({ prompt: true })), [
    "it may ask for more",
  ]);
});
