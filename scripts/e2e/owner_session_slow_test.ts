import { assertEquals } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { tempDir } from "../../shared/testing/fakes.ts";

const TOKEN = "the-owner-4711-x9k2";

Deno.test("a session outlives a conductor that is killed, and ends with another token", async () => {
  await using folder = await tempDir();
  const start = (token: string) =>
    startDaemon("conductor", {
      BAA_STATE_DIR: folder.join("state"),
      BAA_SHARED_TOKEN: token,
    });
  const statusOf = async (origin: string, cookie: string) => {
    const page = await fetch(`${origin}/v1/status/ui/tasks`, {
      headers: { cookie },
    });
    await page.body?.cancel();
    return page.status;
  };
  let cookie: string;
  {
    await using daemon = await start(TOKEN);
    const { origin } = daemon;
    const answer = await fetch(`${origin}/v1/status/session`, {
      method: "POST",
      redirect: "manual",
      headers: { origin },
      body: new URLSearchParams({ token: TOKEN }),
    });
    await answer.body?.cancel();
    assertEquals(answer.status, 303);
    cookie = answer.headers.get("set-cookie")?.split(";")[0] ?? "";
    assertEquals(await statusOf(origin, cookie), 200);
    daemon.child.kill("SIGKILL");
    await daemon.child.status;
  }
  {
    await using daemon = await start(TOKEN);
    assertEquals(await statusOf(daemon.origin, cookie), 200);
  }
  await using daemon = await start("another-owner-8823");
  assertEquals(await statusOf(daemon.origin, cookie), 401);
});
