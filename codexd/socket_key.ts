/** A key as it is written here; anything else was cut, or put there by somebody. */
const KEY = /^[0-9a-f]{64}$/;
/** Who may not read the file by its mode: the group, and everybody else. */
const OTHERS = 0o077;

/**
 * Returns the key that a request over codexd's socket must show: the one that
 * lies at `path`, or a new one when there is none that its owner alone knows.
 */
export function takeSocketKey(path: string): string {
  const known = ownKey(path);
  if (known !== undefined) return known;
  const key = crypto.getRandomValues(new Uint8Array(32)).toHex();
  const fresh = `${path}.new`;
  Deno.writeTextFileSync(fresh, `${key}\n`, { mode: 0o600 });
  // Whole or not at all, and in the place of whatever lies there.
  Deno.renameSync(fresh, path);
  return key;
}

function ownKey(path: string): string | undefined {
  try {
    const { isFile, mode } = Deno.lstatSync(path);
    if (!isFile || ((mode ?? OTHERS) & OTHERS) !== 0) return undefined;
    return KEY.exec(Deno.readTextFileSync(path).trim())?.[0];
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
