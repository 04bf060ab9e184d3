import { assertEquals } from "@std/assert";
import { freePort } from "../../../shared/testing/free_ports.ts";
import { SERVICES } from "../node/services.ts";
import { stoodIn } from "../testing/stood_in.ts";
import { portHolders } from "./port_holders.ts";

const PORT = freePort();

async function holders(
  answers: Parameters<typeof stoodIn>[0],
  host = "127.0.0.1",
) {
  const { run } = stoodIn(answers);
  const service = SERVICES.conductor;
  const found = await portHolders(`http://${host}:${PORT}`, { service, run });
  return found?.map(({ who, isOurs }) =>
    `${isOurs ? "ours" : "a stranger"}: ${who}`
  );
}

Deno.test("portHolders() tells by lsof, else by ss, who listens at an address and whether it is the service", async () => {
  // A process, its command and each of its sockets, a line and a letter each.
  const lsof = `p7\ncdeno\nf12\nn127.0.0.1:${PORT}\nf13\nn[::1]:${PORT}\n` +
    `p8\ncng\u001b]inx\nf3\nn192.0.2.9:${PORT}\n`;
  const ps = {
    "ps -ww -o args= -p 7":
      "deno run --no-prompt /x/conductor/main.ts --stop-with=6\n",
    "ps -ww -o args= -p 8": "nginx: master process\n",
  };
  assertEquals(await holders({ lsof, ...ps }), ["ours: deno (pid 7)"]);
  assertEquals(await holders({ lsof, ...ps }, "[::1]"), ["ours: deno (pid 7)"]);
  assertEquals(await holders({ lsof, ...ps }, "192.0.2.9"), [
    "a stranger: ng\\u001b]inx (pid 8)",
  ]);
  assertEquals((await holders({ lsof, ...ps }, "mini.local"))?.length, 2);
  const ss = `LISTEN 0 4096 *:${PORT} *:* users:(("conductor",pid=9,fd=12))\n`;
  const installed = { ss, "ps -ww -o args= -p 9": "/my mini/bin/conductor\n" };
  assertEquals(await holders(installed), ["ours: conductor (pid 9)"]);
  const other = { ss, "ps -ww -o args= -p 9": "/bin/conductor-of-trains\n" };
  assertEquals(await holders(other), ["a stranger: conductor (pid 9)"]);
  assertEquals(await holders({}), undefined);
});

Deno.test("portHolders() knows that a port is held by who is not shown", async () => {
  assertEquals(await holders({ lsof: "" }), []);
  using _held = Deno.listen({ hostname: "127.0.0.1", port: PORT });
  assertEquals(await holders({ lsof: "" }), [
    "a stranger: a program of another user",
  ]);
});
