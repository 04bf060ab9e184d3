import { join, relative } from "@std/path";
import { call } from "../../testing/http.ts";
import { Stranger } from "../../testing/stranger.ts";
import { freePort } from "../../../shared/testing/free_ports.ts";
import { until } from "../../../shared/testing/until.ts";
import { entries } from "./entries.ts";
import { guardedOf, ownOf, type Vector } from "./vector.ts";

/** The vectors of another user of the machine, and of who holds a port. */
export const nobodyVectors: readonly Vector[] = [
  {
    name: "modes of the state's files",
    room: "secrets",
    tries: "what group and others may do with each file of the state",
    right: "nothing",
    needs: ["state"],
    async attempt({ stateDir = "" }) {
      const open: string[] = [];
      for await (const { path, info: { mode } } of entries(stateDir)) {
        if (mode === null || (mode & 0o077) === 0) continue;
        const name = relative(stateDir, path) || ".";
        // A folder that can only be entered or listed keeps what is in it.
        if (name === "." && (mode & 0o022) === 0) continue;
        open.push(`${name} is ${(mode & 0o777).toString(8)}`);
      }
      return open.length === 0 ? undefined : open.slice(0, 5).join(", ");
    },
  },
  {
    name: "another user at the state",
    room: "who is answering",
    tries: "codexd's socket and key, the database, the token file",
    right: "permission denied",
    needs: ["own", "stranger"],
    async attempt(stage) {
      const { stateDir, folder } = ownOf(stage);
      await using stranger = await Stranger.at(freePort());
      const socket = join(stateDir, "codexd", "codexd.sock");
      const paths = [
        join(folder, "token"),
        join(stateDir, "codexd", "key"),
        join(stateDir, "conductor", "conductor.db"),
      ];
      const got = await stranger.gets(
        `(async () => {
          const tried = [() => Deno.connect({ transport: "unix", path: ${
          JSON.stringify(socket)
        } }), ...${JSON.stringify(paths)}.map((path) => () => Deno.open(path))];
          const got = [];
          for (const it of tried) {
            got.push(await it().then(() => "opened", (error) => error.name));
          }
          return got;
        })()`,
      ) as string[];
      const names = [socket, ...paths];
      const wrong = names.filter((_, at) => got[at] !== "PermissionDenied");
      return wrong.length === 0
        ? undefined
        : wrong.map((it) => relative(folder, it)).join(", ");
    },
  },
  {
    name: "a stranger at codexd's port",
    room: "who is answering",
    tries: "holding the port while codexd is away, listening to conductor",
    right: "conductor tells it nothing",
    needs: ["own", "stranger"],
    async attempt(stage) {
      const { codexd, token } = ownOf(stage);
      codexd.child.kill("SIGKILL");
      await codexd.child.status;
      const port = Number(new URL(codexd.origin).port);
      await using stranger = await Stranger.at(port);
      const origin = `http://127.0.0.1:${guardedOf(stage).port}`;
      const headers = { authorization: `Bearer ${token}` };
      await until(
        () => call(`${origin}/v1/codex`, undefined, headers),
        ({ data }) => data.reachable === false,
      );
      for (const path of ["/v1/codex/sessions", "/v1/codex/events"]) {
        const { status } = await call(origin + path, undefined, headers);
        if (status < 400) return `${path} is answered by the stranger`;
      }
      const [first] = stranger.heard;
      return first === undefined ? undefined : `it heard ${first}`;
    },
  },
];
