/** Makes a new identifier such as `task_019a…`; a port, so that tests can number them. */
export type NewId = (prefix: string) => string;

/**
 * Identifiers that nobody guesses: the prefix, an underscore, a version 7 UUID.
 * They begin with the time, so that an index of a million of them grows at its
 * end and is not read and written all over.
 */
export const randomId: NewId = (prefix) => {
  const time = Date.now().toString(16).padStart(12, "0");
  const rest = crypto.randomUUID().slice(15);
  return `${prefix}_${time.slice(0, 8)}-${time.slice(8)}-7${rest}`;
};

/** What ids begin with, and whose they are. */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["task", "A task"],
  ["run", "A run"],
  ["apr", "An approval"],
  ["token", "A token"],
]);

/**
 * Says what an id begins like, where that is not what is looked for: the head of
 * a hint, or nothing. `wanted`: its prefix, or what has none.
 */
export function otherThan(id: string, wanted: string): string {
  const prefix = /^[a-z]{1,20}(?=_)/.exec(id)?.[0];
  if (prefix === undefined || prefix === wanted) return "";
  const own = KINDS.get(wanted);
  if (own !== undefined) {
    return `${own} id begins with ${wanted}_, not ${prefix}_: `;
  }
  const other = KINDS.get(prefix);
  return other === undefined
    ? ""
    : `${other} id begins with ${prefix}_, and this is to be a ${wanted}: `;
}
