import { freePort } from "../../shared/testing/free_ports.ts";
import { isInstalled, post } from "./harness.ts";

/** Starts Debian's webhook with one hook that runs /bin/true; undefined when it is not installed. */
export async function startWebhook() {
  if (!await isInstalled("webhook")) return undefined;
  const hooks = await Deno.makeTempFile({ suffix: ".json" });
  await Deno.writeTextFile(
    hooks,
    JSON.stringify([{
      id: "true",
      "execute-command": "/bin/true",
      "include-command-output-in-response": true,
    }]),
  );
  const port = freePort();
  const child = new Deno.Command("webhook", {
    args: ["-hooks", hooks, "-ip", "127.0.0.1", "-port", String(port)],
    stdout: "null",
    stderr: "null",
  }).spawn();
  const origin = `http://127.0.0.1:${port}`;
  for (let i = 0; i < 500; i++) {
    try {
      await post(`${origin}/hooks/true`, {});
      break;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
  return {
    origin,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await child.status;
      await Deno.remove(hooks);
    },
  };
}
