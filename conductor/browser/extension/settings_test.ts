import { assert, assertEquals } from "@std/assert";
import { keys } from "./settings.js";

/** Firefox's storage, whose reads take longer than its writes. */
function installStorage(): Map<string, unknown> {
  const values = new Map<string, unknown>();
  const local = {
    async get(names: readonly string[]) {
      const read = names.map((it) => [it, structuredClone(values.get(it))]);
      await new Promise((resolve) => setTimeout(resolve, 5));
      return Object.fromEntries(read);
    },
    set(changes: Readonly<Record<string, unknown>>) {
      for (const [name, value] of Object.entries(changes)) {
        values.set(name, structuredClone(value));
      }
      return Promise.resolve();
    },
  };
  Object.assign(globalThis, { browser: { storage: { local } } });
  return values;
}

const KEY = "k".repeat(42) + "A";

Deno.test("keys keep the order in which they are given and taken away", async () => {
  const values = installStorage();
  void keys.keep("a:1", KEY);
  void keys.keep("b:1", KEY);
  void keys.forget("a:1");
  assertEquals(await keys.of("a:1", ""), undefined);
  assert(await keys.of("b:1", "") !== undefined);
  void keys.forget("b:1");
  await keys.keep("b:1", KEY);
  assert(await keys.of("b:1", "") !== undefined);
  assertEquals(Object.keys(values.get("pairings") as object), ["a:1", "b:1"]);
});

Deno.test("keys of a token need no pairing", async () => {
  installStorage();
  assert(await keys.of("a:1", "Kx7-correct-horse-battery") !== undefined);
});
