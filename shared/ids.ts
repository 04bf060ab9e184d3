/** Makes a new identifier such as `task_6f1c…`; a port, so that tests can number them. */
export type NewId = (prefix: string) => string;

/** Random identifiers: the prefix, an underscore, a version 4 UUID. */
export const randomId: NewId = (prefix) => `${prefix}_${crypto.randomUUID()}`;
