/** Replaces each `{name}` in the strings of an example; undefined while one has no value. */
export function fillIn<T>(example: T, values: ExampleValues): T | undefined {
  let isComplete = true;
  const text = JSON.stringify(example).replace(
    /\{(\w+)\}/g,
    (_, name: string) => {
      const value = values[name];
      isComplete &&= value !== undefined;
      return JSON.stringify(value ?? "").slice(1, -1);
    },
  );
  return isComplete ? JSON.parse(text) : undefined;
}

/**
 * What stands for `{name}` in the examples of routes: this daemon's working
 * folder, an existing file, the newest task. A name without a value means that
 * the example cannot run yet.
 */
export type ExampleValues = Readonly<Record<string, string | undefined>>;
