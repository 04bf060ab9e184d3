import { assertEquals } from "@std/assert";
import { readCodexdConfig } from "../codexd/config.ts";
import { readConductorConfig } from "../conductor/config.ts";
import { readStatusApiConfig } from "../conductor/status/api/config.ts";
import { childEnvironment } from "../host_ops/mod.ts";
import { type PermissionSet, permissionsOf } from "./permissions.ts";
import { permissionRig } from "./testing/permission_rig.ts";
import {
  PERMISSION_ROWS,
  type PermissionRow,
} from "./testing/permission_rows.ts";

type Env = Readonly<Record<string, string>>;

/** What a row's program is given under the rig's configuration. */
function setOf(program: PermissionRow["program"], env: Env): PermissionSet {
  return permissionsOf(
    program === "codexd" ? "codexd" : "conductor",
    (name) => env[name],
    { withStatusApi: program === "status-api" },
  );
}

function valuesOf(value: true | readonly string[]): readonly string[] {
  return value === true ? ["everything"] : value;
}

function without(
  set: PermissionSet,
  flag: PermissionRow["flag"],
  value: string,
): PermissionSet {
  return { ...set, [flag]: valuesOf(set[flag]).filter((it) => it !== value) };
}

for (const program of ["conductor", "codexd", "status-api"] as const) {
  Deno.test(`each permission of ${program} has a row that says what it is for`, async () => {
    await using rig = await permissionRig();
    const set = setOf(program, rig.env);
    // The wrapper runs as conductor's program, and gives up what is not its own.
    const rows = PERMISSION_ROWS.filter((row) =>
      row.program === program ||
      (program === "status-api" && row.program === "conductor")
    );
    for (const flag of Object.keys(set) as (PermissionRow["flag"])[]) {
      const given = valuesOf(set[flag]);
      const explained = rows.filter((row) => row.flag === flag)
        .flatMap((row) => row.of(rig.places));
      assertEquals(
        given.filter((it) => !explained.includes(it)),
        [],
        `--allow-${flag} of ${program} without a row`,
      );
      assertEquals(
        explained.filter((it) => !given.includes(it)),
        [],
        `rows of ${program} without --allow-${flag}`,
      );
    }
  });
}

Deno.test("each variable that a program may read is one that it reads", () => {
  const asked = new Set<string>();
  const nothing = (name: string) => {
    asked.add(name);
    return undefined;
  };
  const namesOf = (read: () => unknown) => {
    asked.clear();
    read();
    return [...asked].sort();
  };
  const given = (program: PermissionRow["program"]) =>
    valuesOf(setOf(program, {}).env).toSorted();
  assertEquals(
    namesOf(() => {
      readConductorConfig(nothing);
      childEnvironment({ own: nothing, shell: "/bin/sh" });
    }),
    given("conductor"),
  );
  assertEquals(namesOf(() => readCodexdConfig(nothing)), given("codexd"));
  const wrapper = namesOf(() => readStatusApiConfig(nothing));
  assertEquals(wrapper.filter((it) => !given("status-api").includes(it)), []);
});

Deno.test("with all of its permissions everything of a program works", async () => {
  await using rig = await permissionRig();
  for (const program of ["conductor", "codexd", "status-api"] as const) {
    const failing = await rig.whatFails(program, setOf(program, rig.env));
    assertEquals([program, ...failing], [program]);
  }
});

for (const row of PERMISSION_ROWS) {
  const { program, flag, feature, without: effect } = row;
  Deno.test(`${program} without --allow-${flag} for ${feature}: ${effect}`, async () => {
    await using rig = await permissionRig();
    const set = setOf(program, rig.env);
    // One variable stands for all: each of them is read at the start.
    const values = flag === "env"
      ? row.of(rig.places).slice(0, 1)
      : row.of(rig.places);
    for (const value of values) {
      assertEquals(
        await rig.whatFails(program, without(set, flag, value)),
        [effect].flat(),
        value,
      );
    }
  });
}
