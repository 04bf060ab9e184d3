const form = /** @type {HTMLFormElement} */ (element("settings"));
const actions = /** @type {NodeListOf<HTMLButtonElement>} */ (
  document.querySelectorAll("#actions button")
);
const { conductor, token, forget, paused } =
  /** @type {Record<"conductor" | "token" | "forget" | "paused", HTMLInputElement>} */ (
    /** @type {unknown} */ (form.elements)
  );

/**
 * Asks the background page, and shows what it answers.
 * @param {PopupMessage} message
 */
async function show(message = {}) {
  /** @type {PopupStatus} */
  let status;
  try {
    status = await browser.runtime.sendMessage(message);
  } catch {
    // The background page is only just starting: the next look will find it.
    return;
  }
  const { state, detail, settings } = status;
  const line = element("state");
  line.dataset.state = state;
  line.textContent = detail === "" ? state : `${state}: ${detail}`;
  const isConnected = state === "connected";
  element("mode").textContent = isConnected ? status.mode : "unknown";
  const { lastRequest: last } = status;
  if (last !== undefined) {
    const at = new Date(last.at).toLocaleTimeString();
    element("last").textContent =
      `${last.site} · container ${last.container} · ${at}`;
  }
  for (const button of actions) button.disabled = !isConnected;
  if (!form.contains(document.activeElement)) fill(settings);
  element("errors").replaceChildren(
    ...status.errors.map(({ at, message }) => {
      const item = document.createElement("li");
      item.textContent = `${new Date(at).toLocaleTimeString()} ${message}`;
      return item;
    }),
  );
  element("about").textContent =
    `${status.clientId} · ${status.requests} requests`;
}

/** @param {PopupStatus["settings"]} settings */
function fill({ conductor: address, hasToken, paused: isPaused, managed }) {
  conductor.value = address;
  token.placeholder = hasToken ? "set; leave empty to keep it" : "none";
  paused.checked = isPaused;
  for (const name of managed) {
    form.querySelector(`[name="${name}"]`)?.setAttribute("disabled", "");
  }
}

/** @type {(id: string) => HTMLElement} */
function element(id) {
  const found = document.getElementById(id);
  if (found === null) throw new Error(`Cannot find #${id} in the popup`);
  return found;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  /** @type {PopupMessage["set"] & {}} */
  const settings = { conductor: conductor.value, paused: paused.checked };
  if (token.value !== "" || forget.checked) settings.token = token.value;
  token.value = "";
  forget.checked = false;
  if (document.activeElement instanceof HTMLElement) {
    document.activeElement.blur();
  }
  await show({ set: settings });
});

element("reconnect").onclick = () => show({ reconnect: true });
element("forget").onclick = () => show({ forget: true });

for (const button of actions) {
  const { action } = /** @type {PopupMessage} */ (button.dataset);
  button.onclick = () => show({ action });
}

setInterval(() => void show(), 1_000);
await show();
