import { assertEquals } from "@std/assert";
import { fromFileUrl } from "@std/path";

Deno.test("browser-control-e2e-smoke.sh passes", async () => {
  const script = new URL(
    "../runtime/browser-control-e2e-smoke.sh",
    import.meta.url,
  );
  const { success, stdout, stderr } = await new Deno.Command(
    fromFileUrl(script),
    { env: { DENO_BIN: Deno.execPath() } },
  ).output();
  const text = new TextDecoder();
  assertEquals(success, true, text.decode(stdout) + text.decode(stderr));
});
