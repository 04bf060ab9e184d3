import { assertEquals } from "@std/assert";
import { markup } from "./markup.ts";

Deno.test("markup() escapes every value", () => {
  const hostile = `</title><script>alert("1" & '2')</script>`;
  assertEquals(
    markup`<p title="${hostile}">${hostile}</p>`.text.includes("<script>"),
    false,
  );
  assertEquals(
    markup`${`<&>"'`}`.text,
    "&lt;&amp;&gt;&quot;&#39;",
  );
});

Deno.test("markup() keeps markup as it is and leaves out what is not there", () => {
  const items = ["a", "<b>"].map((it) => markup`<li>${it}</li>`);
  assertEquals(
    markup`<ul>${items}</ul>${null}${undefined}${false}${0}`.text,
    "<ul><li>a</li><li>&lt;b&gt;</li></ul>0",
  );
});
