import { Buffer } from "node:buffer";
import { z } from "zod";

const List = z.array(z.string()).nullish();

/** What `deno compile` wrote into a program, as far as it is checked. */
const Baked = z.object({
  permissions: z.object({
    allow_read: List,
    allow_write: List,
    deny_write: List,
    allow_net: List,
    allow_run: List,
    allow_env: List,
    allow_sys: List,
    allow_ffi: List,
    allow_import: List,
    prompt: z.boolean(),
  }),
  entrypoint_key: z.string(),
  env_vars_from_env_file: z.record(z.string(), z.string()),
  unstable_config: z.object({ features: z.array(z.string()) }),
  v8_flags: List,
  otel_config: z.object({ tracing_enabled: z.boolean() }),
});
export type Baked = z.infer<typeof Baked>;

const MAGIC = "d3n0l4nd";
const LENGTH_BYTES = 8;
const OPENING_BRACE = 0x7b;

/**
 * Finds the metadata in a compiled program: the mark, the length as 64 bits
 * little-endian, JSON. The same in ELF and Mach-O.
 */
export function findBaked(program: Uint8Array<ArrayBuffer>): Baked | undefined {
  const bytes = Buffer.from(program.buffer);
  // The mark stands in the runtime's own code as well.
  for (
    let at = bytes.indexOf(MAGIC);
    at !== -1;
    at = bytes.indexOf(MAGIC, at + 1)
  ) {
    const start = at + MAGIC.length + LENGTH_BYTES;
    if (start > bytes.length) return undefined;
    const length = bytes.readBigUInt64LE(at + MAGIC.length);
    const json = bytes.subarray(start, start + Number(length));
    if (BigInt(json.length) !== length || json[0] !== OPENING_BRACE) continue;
    return Baked.parse(JSON.parse(json.toString("utf8")));
  }
  return undefined;
}

/** Reads the metadata of a compiled program. */
export async function readBaked(path: string): Promise<Baked> {
  const baked = findBaked(await Deno.readFile(path));
  if (baked !== undefined) return baked;
  throw new Error(`Cannot read ${path}: it is no compiled program`);
}
