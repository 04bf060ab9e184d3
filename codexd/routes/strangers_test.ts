import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { testCodexd } from "../testing/test_codexd.ts";
import { codexdRoutes } from "./mod.ts";

const TOKEN = "the-owner-4711-x9k2";

Deno.test("codexd tells strangers nothing of its sessions and folders, in either zone", async () => {
  await using it = await testCodexd({ env: { BAA_SHARED_TOKEN: TOKEN } });
  const owner = { authorization: `Bearer ${TOKEN}` };
  const made = await it.server.post("/v1/codexd/sessions", {
    cwd: it.folder,
    title: "planted-title",
  }, { headers: owner });
  const { session_id } = (await made.json()).data;
  assertEquals(typeof session_id, "string");
  const told = [session_id, it.folder, Deno.cwd(), "planted-"];
  const paths = codexdRoutes.filter((route) => route.exposure === "public")
    .map((route) => route.path);
  for (const path of paths) {
    for (const headers of [{}, { via: "1.1 x" }, { via: "1.1 x", ...owner }]) {
      const answer = await it.server.get(path, { headers });
      const text = await answer.text();
      for (const word of told) {
        assert(!text.includes(word), `${path} tells ${word}`);
      }
    }
  }
  const texts = ["codexd.turn", "codexd.sessions.open"].map(async (id) => {
    const route = await it.server.get(`/describe/${id}`, { headers: owner });
    return await route.text();
  });
  const text = (await Promise.all(texts)).join();
  assertStringIncludes(text, session_id);
  assertStringIncludes(text, Deno.cwd());
});
