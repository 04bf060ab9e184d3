import { assertEquals } from "@std/assert";
import { ByteBudget } from "../shared/byte_budget.ts";
import { HeldText } from "../shared/held_text.ts";
import { KeptOutput } from "./kept_output.ts";

Deno.test("KeptOutput drops a cut character and replaces a broken one", () => {
  const output = new KeptOutput(new ByteBudget(10_000), 100);
  output.write(new TextEncoder().encode("aé").subarray(0, 2));
  assertEquals(output.text({ isCut: true }), "a");
  assertEquals(output.text({ isCut: false }), "a\ufffd");
});

Deno.test("KeptOutput keeps what came in any pieces, pays for no more than it may keep, and gives all of it up", () => {
  const bytes = new TextEncoder().encode("aé😀".repeat(300_000));
  for (const size of [1_000, 16_384, 65_536, bytes.length]) {
    const budget = new ByteBudget(bytes.length);
    const output = new KeptOutput(budget, bytes.length);
    for (let at = 0; at < bytes.length; at += size) {
      assertEquals(output.write(bytes.subarray(at, at + size)), true);
    }
    assertEquals(output.write(new Uint8Array(1)), false);
    let free = () => {};
    const hold = (it: () => void) => void (free = it);
    const text = output.text({ isCut: false, hold });
    budget.give(output.surrender());
    assertEquals(budget.used, 0);
    assertEquals(text instanceof HeldText, true);
    assertEquals(`${text}` === new TextDecoder().decode(bytes), true);
    free();
    assertEquals(`${text}`, "");
  }
});
