import { assertEquals } from "@std/assert";
import { cut, markup } from "./markup.ts";

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

Deno.test("markup() shows what cannot be seen, or turns text around, but line ends and tabs", () => {
  assertEquals(
    markup`${"a\n\tb\0\u001b\u202e\u200b\u007f"}`.text,
    "a\n\tb\\u0000\\u001b\\u202e\\u200b\\u007f",
  );
});

Deno.test("cut() keeps as much of a text as fits once it is escaped", () => {
  for (
    const [text, bytes, keep, shown] of [
      ["short", 5, "start", "short"],
      ["longer", 5, "start", "longe…"],
      ["longer", 5, "end", "…onger"],
      ["<<<", 8, "start", "&lt;&lt;…"],
      ["漢字", 3, "start", "漢…"],
      ["a😀", 4, "start", "a…"],
      ["😀a", 4, "end", "…a"],
      ["", 1, "start", ""],
    ] as const
  ) assertEquals(cut(text, bytes, { keep }).text, shown);
});
