/** Shows what the page's script resolved with: the title says that it is over. */
const REPORT = `
  const report = (work) => work.then(
    (value) => document.body.textContent = JSON.stringify(value),
    (error) => document.body.textContent = JSON.stringify(String(error)),
  ).then(() => document.title = "over");
  const parameters = new URLSearchParams(location.search);
`;

/** Tries to open `?ws=` in every way that a page has; reports how each went. */
export const BRIDGE_PAGE = `<!doctype html><title>busy</title><body><script>
  ${REPORT}
  const address = parameters.get("ws");
  const attempt = (make) => new Promise((resolve) => {
    let socket;
    try { socket = make(); } catch { return resolve("threw"); }
    socket.onopen = () => resolve("open");
    socket.onerror = () => resolve("refused");
  });
  const source = (say) =>
    "const socket = new WebSocket('" + address + "');" +
    "socket.onopen = () => " + say + "('open');" +
    "socket.onerror = () => " + say + "('refused');";
  const inWorker = () => new Promise((resolve) => {
    const blob = new Blob([source("postMessage")], { type: "text/javascript" });
    const worker = new Worker(URL.createObjectURL(blob));
    worker.onmessage = ({ data }) => resolve(data);
    worker.onerror = () => resolve("threw");
  });
  const inSandbox = () => new Promise((resolve) => {
    const frame = document.createElement("iframe");
    frame.sandbox = "allow-scripts";
    const say = "((word) => parent.postMessage(word, '*'))";
    frame.srcdoc = "<script>" + source(say) + "</" + "script>";
    addEventListener("message", ({ data }) => resolve(data), { once: true });
    document.body.append(frame);
  });
  report((async () => [
    await attempt(() => new WebSocket(address)),
    await attempt(() => new WebSocket(address, ["baa.v1"])),
    await inWorker(),
    await inSandbox(),
  ])());
</script>`;

/**
 * Sends the API at `?base=` all that a page may send without being asked, and
 * what it may not; reports what it could read.
 */
export const ATTACK_PAGE = `<!doctype html><title>busy</title><body><script>
  ${REPORT}
  const base = parameters.get("base");
  const said = [];
  async function send(path, init) {
    try {
      const answer = await fetch(base + path, { credentials: "include", ...init });
      said.push(answer.type === "opaque" ? "opaque" : await answer.text());
    } catch {
      said.push("refused");
    }
  }
  async function submit(path, body) {
    const frame = document.createElement("iframe");
    const form = document.createElement("form");
    frame.name = "frame" + Math.random();
    document.body.append(frame, form);
    Object.assign(form, {
      method: "post",
      action: base + path,
      target: frame.name,
      enctype: "text/plain",
    });
    const field = document.createElement("input");
    Object.assign(field, { name: body.slice(0, -1) + ',"x":"', value: '"}' });
    form.append(field);
    form.submit();
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const bodies = {
    "/v1/system/pause": "{}",
    "/v1/exec": JSON.stringify({ command: "touch " + parameters.get("proof") }),
    "/v1/tasks": JSON.stringify({
      title: "evil",
      kind: "exec",
      payload: { command: "true" },
    }),
    "/v1/browser/actions": JSON.stringify({ action: "pair" }),
    "/v1/browser/request": JSON.stringify({ platform: "site", path: "/me" }),
  };
  const types = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json",
  ];
  async function attack() {
    for (const [path, body] of Object.entries(bodies)) {
      for (const type of types) {
        const init = { method: "POST", headers: { "content-type": type }, body };
        await send(path, { ...init, mode: "no-cors" });
        await send(path, init);
        navigator.sendBeacon(base + path, new Blob([body], { type }));
      }
      await submit(path, body);
    }
    for (const path of ["/v1/browser", "/v1/audit", "/describe", "/v1/events"]) {
      await send(path, { mode: "no-cors" });
      await send(path, {});
    }
    return said;
  }
  report(attack());
</script>`;
