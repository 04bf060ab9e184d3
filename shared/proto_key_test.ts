import { assertEquals } from "@std/assert";
import { protoKeyIn } from "./proto_key.ts";

Deno.test("protoKeyIn() finds the key wherever it stands, and however deep", () => {
  const find = (json: string) => protoKeyIn(JSON.parse(json));
  assertEquals(find('{"__proto__":1}'), "__proto__");
  assertEquals(find('{"a":[{"\\u005f_proto__":{}}]}'), "a.0.__proto__");
  assertEquals(find('{"env":{"A":"1","__proto__":"x"}}'), "env.__proto__");
  for (const none of ["1", "null", '"__proto__"', '{"a":"__proto__"}', "[]"]) {
    assertEquals(find(none), undefined, none);
  }
  const deep = 5000;
  assertEquals(
    find('{"a":'.repeat(deep) + '{"__proto__":1}' + "}".repeat(deep)),
    "a.".repeat(deep) + "__proto__",
  );
});
