import { assert, assertEquals } from "@std/assert";
import { startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

interface Line {
  readonly method: string;
  readonly path: string;
  readonly curl?: string;
}

/** How curl ends when its time is over. */
const TIMED_OUT = 28;

for (const program of ["conductor", "codexd"] as const) {
  Deno.test(`every curl line that ${program} prints works as it stands`, async () => {
    await using daemon = await startDaemon(program);
    const { data } = await call("GET", `${daemon.origin}/describe`);
    const { data: control } = await call(
      "GET",
      `${daemon.origin}/describe/control`,
    );
    const lines: Line[] = [
      ...data.endpoints,
      ...data.examples,
      ...control.examples,
      ...data.host_operations?.operations ?? [],
    ];
    const curls = new Set(lines.flatMap(({ curl }) => curl ?? []));
    assert(curls.size >= 5);
    for (const curl of curls) {
      // A stream goes on for ever: what it sends at first must be no failure.
      const follows = curl.startsWith("curl -N");
      const limit = follows ? 1 : 10;
      const { code, stdout, stderr } = await new Deno.Command("/bin/sh", {
        args: ["-c", `${curl} --silent --fail --max-time ${limit}`],
        cwd: daemon.folder,
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert(
        code === 0 || (follows && code === TIMED_OUT),
        `${curl}\n${text}${new TextDecoder().decode(stderr)}`,
      );
      if (!text.startsWith("{")) continue;
      const answer = JSON.parse(text);
      if (answer.ok === undefined) continue;
      assertEquals(answer.ok, true, curl);
      if (curl.includes("/v1/exec") || curl.includes("/v1/files/")) {
        assertEquals(answer.data.ok, true, `${curl}\n${text}`);
      }
    }
  });
}
