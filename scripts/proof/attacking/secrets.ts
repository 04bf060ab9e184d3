import { relative } from "@std/path";
import { call } from "../../testing/http.ts";
import { entries } from "./entries.ts";
import { guardedOf, ownOf, type Vector } from "./vector.ts";
import { say } from "./wire.ts";

/** Where an owner reads what was done. */
const READ = [
  "/describe",
  "/openapi.json",
  "/v1/capabilities",
  "/v1/status",
  "/v1/status/ui",
  "/v1/system/state",
  "/v1/audit?limit=500",
  "/v1/logs?limit=500",
  "/v1/events?limit=500",
  "/v1/tasks",
  "/v1/runs",
  "/v1/tokens",
  "/v1/controllers",
  "/v1/codex",
  "/v1/browser",
  "/metrics",
];

/** The vectors that look for what was planted, where all that was attacked before is on record. */
export const secretVectors: readonly Vector[] = [{
  name: "planted secrets in answers, database and logs",
  room: "secrets",
  tries: "a password in options, headers, URL and environment of commands",
  right: "neither it nor the token in any answer or file",
  needs: ["own"],
  async attempt(stage) {
    const { token, folder, secrets } = ownOf(stage);
    const target = guardedOf(stage);
    const [, planted] = secrets;
    const headers = { authorization: `Bearer ${token}` };
    const origin = `http://127.0.0.1:${target.port}`;
    for (
      const body of [
        { command: `true -u user:${planted} --password ${planted}` },
        { command: `true -H 'Authorization: Bearer ${planted}'` },
        { command: `true https://user:${planted}@example.com/` },
        { command: "true", env: { API_TOKEN: planted } },
        { command: "true", stdin: planted },
        { command: `exit 3 # API_KEY=${planted}` },
      ]
    ) {
      const { status } = await call(`${origin}/v1/exec`, body, headers);
      if (status !== 200) return `cannot plant: ${status}`;
    }
    const isShown = (text: string) => secrets.some((it) => text.includes(it));
    for (const path of READ) {
      const { body } = await say(target, { line: `GET ${path} HTTP/1.1` });
      if (isShown(body)) return `GET ${path}`;
    }
    for await (const { path, info } of entries(folder)) {
      const name = relative(folder, path);
      if (name === "token" || !info.isFile) continue;
      const bytes = await Deno.readFile(path);
      if (isShown(new TextDecoder("latin1").decode(bytes))) return name;
    }
  },
}];
