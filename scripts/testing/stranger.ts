import { until } from "../../shared/testing/until.ts";

const NOBODY = 65534;

/** Whether this process may start one of another user. */
export const canStartStranger = Deno.build.os === "linux" && Deno.uid() === 0;

/** A program of another user that holds a port, says yes to everybody, and keeps what it is told. */
export class Stranger implements AsyncDisposable {
  /** The head of each request, with what it was told in it. */
  readonly heard: string[] = [];
  readonly #child: Deno.ChildProcess;
  readonly #folder: string;
  readonly #reading: Promise<void>;
  #isThere = false;

  private constructor(code: string, folder: string) {
    this.#folder = folder;
    this.#child = asNobody(code, folder).spawn();
    this.#reading = this.#read();
  }

  /** Starts one on `port`, which it holds when this resolves. */
  static async at(port: number): Promise<Stranger> {
    const folder = await Deno.makeTempDir({ prefix: "stranger-" });
    await Deno.chown(folder, NOBODY, NOBODY);
    const stranger = new Stranger(holdPort(port), folder);
    await until(() => Promise.resolve(stranger.#isThere), (it) => it);
    return stranger;
  }

  /** What one gets who evaluates an expression as that user: its value, or the name of its failure. */
  async gets(expression: string): Promise<unknown> {
    const code = `try { console.log(JSON.stringify(await (${expression}))) }
      catch (error) { console.log(JSON.stringify(error.name)) }`;
    const { stdout } = await asNobody(code, this.#folder).output();
    return JSON.parse(new TextDecoder().decode(stdout));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#reading;
    await this.#child.status;
    await Deno.remove(this.#folder, { recursive: true });
  }

  async #read(): Promise<void> {
    let rest = "";
    for await (
      const text of this.#child.stdout.pipeThrough(new TextDecoderStream())
    ) {
      const lines = (rest + text).split("\n");
      rest = lines.pop() ?? "";
      for (const line of lines) {
        if (line === "there") this.#isThere = true;
        else this.heard.push(line);
      }
    }
  }
}

function asNobody(code: string, folder: string): Deno.Command {
  return new Deno.Command("setpriv", {
    args: [
      ...[`--reuid=${NOBODY}`, `--regid=${NOBODY}`, "--clear-groups"],
      ...[Deno.execPath(), "eval", "--quiet", "--no-config", code],
    ],
    cwd: folder,
    clearEnv: true,
    env: { PATH: Deno.env.get("PATH") ?? "", DENO_DIR: folder, HOME: folder },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  });
}

const holdPort = (port: number) => `
  Deno.serve({
    hostname: "127.0.0.1",
    port: ${port},
    onListen: () => console.log("there"),
  }, (request) => {
    console.log(JSON.stringify([request.url, ...request.headers]));
    if (request.headers.get("upgrade") !== "websocket") {
      return new Response("ok");
    }
    return Deno.upgradeWebSocket(request).response;
  });
`;
