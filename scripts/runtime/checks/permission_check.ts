import {
  NO_IMPORTS,
  type PermissionSet,
  permissionsOf,
  type Program,
} from "../../permissions.ts";
import { systemReason } from "../../../shared/system_reason.ts";
import {
  type Finding,
  type Installation,
  ok,
  problem,
  programPath,
  readerOf,
  script,
} from "../node/mod.ts";
import { type Baked, readBaked } from "./baked.ts";

const CATEGORIES = ["read", "write", "net", "run", "env", "sys"] as const;

/** Tells whether a program may do exactly what the configuration calls for. */
export async function permissionCheck(
  program: Program,
  options: {
    readonly installation: Pick<Installation, "prefix" | "settings">;
    readonly withStatusApi: boolean;
  },
): Promise<Finding> {
  const { installation } = options;
  const path = programPath(program, installation);
  const fix = script("install-mini");
  let baked: Baked;
  try {
    baked = await readBaked(path);
  } catch (error) {
    return problem(program, systemReason(error), fix);
  }
  const wanted = permissionsOf(program, readerOf(installation), options);
  const differences = permissionDifferences(wanted, baked);
  return differences.length === 0
    ? ok(program, "the program has exactly the permissions it needs")
    : problem(
      program,
      `the program's permissions are not those of the configuration: ${
        differences.join("; ")
      }`,
      fix,
    );
}

/** Returns in words how what was baked in differs from what is wanted. */
export function permissionDifferences(
  wanted: PermissionSet,
  { permissions }: Pick<Baked, "permissions">,
): readonly string[] {
  const differences = CATEGORIES.flatMap((category) => {
    const have = words(permissions[`allow_${category}`]);
    const want = words(
      wanted[category] === true ? [] : asList(wanted[category]),
    );
    return have === want ? [] : [`${category} is ${have}, should be ${want}`];
  });
  const denied = words(permissions.deny_write);
  const toDeny = words(asList(wanted.denyWrite ?? []));
  if (denied !== toDeny) {
    differences.push(`left out is ${denied}, should be ${toDeny}`);
  }
  const imports = words(permissions.allow_import);
  if (imports !== NO_IMPORTS) differences.push(`it may import from ${imports}`);
  return permissions.prompt
    ? [...differences, "it may ask for more"]
    : differences;
}

/** The compiler writes "none" as null and "everything" as an empty list. */
function asList(paths: readonly string[]): readonly string[] | null {
  return paths.length === 0 ? null : paths;
}

function words(list: readonly string[] | null | undefined): string {
  if (list === null || list === undefined) return "none";
  return list.length === 0 ? "everything" : list.toSorted().join(",");
}
