import { launchChromium, type Page } from "../../testing/chromium.ts";
import type { Vector } from "./vector.ts";

/** What a page elsewhere does; `API` stands for the conductor that it attacks. */
interface PageRow {
  readonly name: string;
  readonly script: string;
  /** What it may be let in to see. */
  readonly mayLoad?: string;
}

const COMMAND = `'{"command":"true"}'`;
const settled = (promise: string) => `${promise}.catch(() => {})`;
const form = (type: string, path: string) =>
  `new Promise((done) => {
    const frame = document.createElement("iframe");
    frame.name = "target";
    document.body.appendChild(frame);
    const form = document.body.appendChild(document.createElement("form"));
    Object.assign(form, {
      method: "post", enctype: "${type}", target: "target", action: API + "${path}",
    });
    const field = form.appendChild(document.createElement("input"));
    field.name = '{"command":"true","x":"'; field.value = '"}';
    frame.onload = done;
    form.submit();
    setTimeout(done, 3000);
  })`;
const socket = (path: string) =>
  `new Promise((done) => {
    const socket = new WebSocket(API.replace("http", "ws") + "${path}", ["baa.v1"]);
    socket.onopen = () => done("a socket opened");
    socket.onerror = () => done();
  })`;

const rows: readonly PageRow[] = [
  {
    name: "a no-cors POST of a command",
    script: settled(
      `fetch(API + "/v1/exec", { method: "POST", mode: "no-cors", body: ${COMMAND} })`,
    ),
  },
  {
    name: "a beacon with a command",
    script:
      `new Promise((done) => { navigator.sendBeacon(API + "/v1/exec", ${COMMAND}); setTimeout(done, 300); })`,
  },
  {
    name: "a POST of JSON, with its preflight",
    script: settled(
      `fetch(API + "/v1/exec", { method: "POST", headers: { "content-type": "application/json" }, body: ${COMMAND} })`,
    ),
  },
  {
    name: "a no-cors GET of tasks",
    script: settled(`fetch(API + "/v1/tasks", { mode: "no-cors" })`),
  },
  {
    name: "a form of text/plain that is JSON",
    script: form("text/plain", "/v1/exec"),
  },
  {
    name: "a form to the sign-in",
    script: form("application/x-www-form-urlencoded", "/v1/status/session"),
  },
  {
    name: "a form to an approval",
    script: form(
      "application/x-www-form-urlencoded",
      "/v1/status/approvals/apr_1",
    ),
  },
  { name: "a WebSocket to the bridge", script: socket("/ws/firefox") },
  {
    name: "the status page in a frame",
    script: `new Promise((done) => {
      const frame = document.body.appendChild(document.createElement("iframe"));
      frame.onload = done; frame.src = API + "/v1/status/ui";
      setTimeout(done, 3000);
    })`,
  },
  {
    name: "a script and a picture of the API",
    script: `Promise.all(["script", "img"].map((name) => new Promise((done) => {
      const it = document.createElement(name);
      it.onload = it.onerror = done; it.src = API + "/v1/tasks";
      document.body.appendChild(it);
    })))`,
  },
  {
    name: "a navigation to tasks",
    script: `void (location = API + "/v1/tasks")`,
  },
  {
    name: "a navigation to the status page",
    script: `void (location = API + "/v1/status/ui")`,
    mayLoad: "/v1/status/ui",
  },
];

/** The vectors of a page in a real browser: nothing that it asks for is given. */
export const browserVectors: readonly Vector[] = [{
  name: "what a page elsewhere can do",
  room: "browser page",
  tries: [...rows.map((it) => it.name), "a rebound name"].join("; "),
  right: "no answer but refusals, no socket; the status page by navigation",
  needs: ["chromium"],
  async attempt({ open }) {
    const api = `http://127.0.0.1:${open.port}`;
    await using site = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () =>
        new Response("<!doctype html><body></body>", {
          headers: { "content-type": "text/html" },
        }),
    );
    await using browser = await launchChromium([
      "--host-resolver-rules=MAP *.test 127.0.0.1",
    ]);
    const context = await browser.newContext({
      viewport: { width: 800, height: 600 },
      colorScheme: "light",
    });
    const wrong: string[] = [];
    const ports = [
      `http://evil.test:${site.addr.port}/`,
      `http://127.0.0.1:${site.addr.port}/`,
    ];
    for (const home of ports) {
      for (const row of rows) {
        const got = await attackFrom(await context.newPage(), {
          home,
          api,
          row,
        });
        if (got !== undefined) wrong.push(`${row.name} of ${home}: ${got}`);
      }
    }
    const rebound = await context.newPage();
    const answer = await rebound.goto(`http://rebound.test:${open.port}/`);
    const status = answer?.status() ?? 0;
    if (status < 400) wrong.push(`a rebound name: ${status}`);
    await context.close();
    return wrong.length === 0 ? undefined : wrong.join(", ");
  },
}];

async function attackFrom(
  page: Page,
  { home, api, row: { script, mayLoad } }: {
    readonly home: string;
    readonly api: string;
    readonly row: PageRow;
  },
): Promise<string | undefined> {
  await page.goto(home);
  const let_in: string[] = [];
  page.on("response", (response) => {
    const url = response.url();
    if (!url.startsWith(api) || response.status() >= 400) return;
    if (mayLoad !== undefined && url === api + mayLoad) return;
    let_in.push(`${response.status()} ${url.slice(api.length)}`);
  });
  const code = script.replaceAll("API", JSON.stringify(api));
  const isNavigation = script.startsWith("void");
  const left = isNavigation ? page.waitForURL(`${api}/**`) : undefined;
  const said = await page.evaluate<string | undefined>(
    isNavigation
      ? code
      : `(${code}).then((it) => typeof it === "string" ? it : undefined)`,
  );
  await left?.catch(() => {});
  await page.close();
  return said ?? let_in[0];
}
