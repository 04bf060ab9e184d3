import { assertEquals, assertRejects } from "@std/assert";
import { ensureDir, exists } from "@std/fs";
import { accepts, eTag, ifNoneMatch, STATUS_TEXT } from "@std/http";
import { join } from "@std/path";

Deno.test("@std/path and @std/http are served by their links", async () => {
  assertEquals(join("a", "..", "b"), "b");
  assertEquals(STATUS_TEXT[404], "Not Found");
  const request = new Request("http://x/", {
    headers: { accept: "text/event-stream;q=0.9, application/json;q=0.1" },
  });
  assertEquals(
    accepts(request, "application/json", "text/event-stream"),
    "text/event-stream",
  );
  const etag = await eTag("a");
  assertEquals(ifNoneMatch(`"x", W/${etag}`, etag), false);
  assertEquals(ifNoneMatch(null, etag), true);
});

Deno.test("ensureDir() makes parents and refuses a file in the way", async () => {
  const root = await Deno.makeTempDir();
  try {
    const dir = join(root, "a", "b");
    assertEquals(await exists(dir), false);
    await ensureDir(dir);
    await ensureDir(dir);
    assertEquals(await exists(dir), true);
    await Deno.writeTextFile(join(root, "f"), "");
    await assertRejects(() => ensureDir(join(root, "f")));
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
