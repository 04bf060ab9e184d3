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
