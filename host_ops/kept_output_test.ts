import { assertEquals } from "@std/assert";
import { ByteBudget } from "../shared/byte_budget.ts";
import { KeptOutput } from "./kept_output.ts";

Deno.test("KeptOutput drops a cut character and replaces a broken one", () => {
  const output = new KeptOutput(new ByteBudget(10_000), 100);
  output.write(new TextEncoder().encode("aé").subarray(0, 2));
  assertEquals(output.text(true), "a");
  assertEquals(output.text(false), "a\ufffd");
});
