import { assertEquals } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

Deno.test("commands get what BAA_EXEC_ENV names, and nothing else of the daemon's", async () => {
  const own = {
    SSH_AUTH_SOCK: "/tmp/an agent's",
    TZ: "Asia/Tokyo",
    https_proxy: "http://me:pw@proxy:3128",
    JAVA_HOME: "/opt/java",
    BASH_ENV: "/tmp/nothing",
    ENV: "/tmp/nothing",
    OTHER: "x",
  };
  const token = "a-token-for-tests";
  const seenBy = async (env: Readonly<Record<string, string>>) => {
    await using conductor = await startDaemon("conductor", {
      ...own,
      BAA_SHARED_TOKEN: token,
      ...env,
    });
    const answers = await Promise.all(
      [undefined, { PS4: "x" }].map((given) =>
        call(`${conductor.origin}/v1/exec`, {
          command: "env | grep -v ^PS4= | sort; date +%Z",
          env: given,
        }, { authorization: `Bearer ${token}` })
      ),
    );
    const [waiting = "", fresh] = answers.map(({ data }) =>
      String(data.result.stdout)
    );
    assertEquals(fresh, waiting);
    return waiting.split("\n").filter((line) =>
      Object.keys(own).some((name) => line.startsWith(`${name}=`)) ||
      line === "JST"
    );
  };
  assertEquals(await seenBy({}), [
    "SSH_AUTH_SOCK=/tmp/an agent's",
    "TZ=Asia/Tokyo",
    "https_proxy=http://me:pw@proxy:3128",
    "JST",
  ]);
  assertEquals(await seenBy({ BAA_EXEC_ENV: "JAVA_HOME,NOT_SET" }), [
    "JAVA_HOME=/opt/java",
  ]);
});
