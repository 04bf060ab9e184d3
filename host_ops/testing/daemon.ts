// deno-lint-ignore-file no-console -- it answers its parent on stdout
/**
 * A stand-in for the daemon: does the host operations that it reads as JSON
 * lines, all at once, and prints their results as JSON lines. Its one argument
 * holds options; with `user` it becomes that one first. Run under scoped
 * permissions, and killed, by tests.
 */
import process from "node:process";
import { LineSplitter } from "../../shared/lines.ts";
import { CALLER, testHostOps } from "./host_ops.ts";

const { user, ...options } = JSON.parse(Deno.args[0] ?? "{}");
if (user !== undefined) {
  process.setgid?.(user);
  process.setuid?.(user);
}
const ops = testHostOps(options);
await ops.prepare();
console.log(JSON.stringify({ ready: true }));
const splitter = new LineSplitter({ maxChars: 100_000_000 });
const running: Promise<void>[] = [];
for await (const bytes of Deno.stdin.readable) {
  for (const line of splitter.push(bytes)) {
    running.push(
      ops.runHostOperation(JSON.parse(line), CALLER).then((outcome) =>
        console.log(JSON.stringify({ ...outcome, reaperId: ops.reaperId }))
      ),
    );
  }
}
await Promise.all(running);
await ops.close();
