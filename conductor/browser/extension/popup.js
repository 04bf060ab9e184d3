const form = document.querySelector("#settings");
const actions = document.querySelectorAll("#actions button");
const { conductor, token, forget, paused } = form.elements;

/** Asks the background page, and shows what it answers. */
async function show(message = {}) {
  let status;
  try {
    status = await browser.runtime.sendMessage(message);
  } catch {
    // The background page is only just starting: the next look will find it.
    return;
  }
  const { state, detail, settings } = status;
  const line = document.querySelector("#state");
  line.dataset.state = state;
  line.textContent = detail === "" ? state : `${state}: ${detail}`;
  const isConnected = state === "connected";
  document.querySelector("#mode").textContent = isConnected
    ? status.mode
    : "unknown";
  for (const button of actions) button.disabled = !isConnected;
  if (!form.contains(document.activeElement)) fill(settings);
  document.querySelector("#errors").replaceChildren(
    ...status.errors.map(({ at, message }) => {
      const item = document.createElement("li");
      item.textContent = `${new Date(at).toLocaleTimeString()} ${message}`;
      return item;
    }),
  );
  document.querySelector("#about").textContent =
    `${status.clientId} · ${status.requests} requests`;
}

function fill({ conductor: address, hasToken, paused: isPaused, managed }) {
  conductor.value = address;
  token.placeholder = hasToken ? "set; leave empty to keep it" : "none";
  paused.checked = isPaused;
  for (const name of managed) form.elements[name].disabled = true;
}

form.addEventListener("submit", async (event) => {
  event.preventDefault();
  const settings = { conductor: conductor.value, paused: paused.checked };
  if (token.value !== "" || forget.checked) settings.token = token.value;
  token.value = "";
  forget.checked = false;
  document.activeElement?.blur();
  await show({ set: settings });
});

document.querySelector("#reconnect").addEventListener(
  "click",
  () => show({ reconnect: true }),
);

for (const button of actions) {
  button.addEventListener(
    "click",
    () => show({ action: button.dataset.action }),
  );
}

setInterval(() => void show(), 1_000);
await show();
