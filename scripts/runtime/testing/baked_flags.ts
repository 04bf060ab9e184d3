import type { Baked } from "../checks/baked.ts";

/** Returns the `deno run` flags that grant what a compiled program was granted. */
export function bakedFlags({ permissions, ...baked }: Baked): string[] {
  const flag = (name: string, list: readonly string[] | null | undefined) =>
    list === null || list === undefined
      ? []
      : list.length === 0
      ? [`--${name}`]
      : [`--${name}=${list.map((it) => it.replaceAll(",", ",,")).join(",")}`];
  return [
    ...(permissions.prompt ? [] : ["--no-prompt"]),
    ...flag("allow-read", permissions.allow_read),
    ...flag("allow-write", permissions.allow_write),
    ...flag("deny-write", permissions.deny_write),
    ...flag("allow-net", permissions.allow_net),
    ...flag("allow-run", permissions.allow_run),
    ...flag("allow-env", permissions.allow_env),
    ...flag("allow-sys", permissions.allow_sys),
    ...flag("allow-ffi", permissions.allow_ffi),
    ...flag("allow-import", permissions.allow_import),
    ...baked.unstable_config.features.map((it) => `--unstable-${it}`),
  ];
}
