import {
  audited,
  type AuditedCaller,
  type AuditPort,
} from "../../shared/audit.ts";
import { isoTime } from "../../shared/clock.ts";
import { invalidInput } from "../../shared/errors.ts";
import type { ScopeName } from "../../shared/http/mod.ts";
import { Redactor } from "../../shared/redact.ts";
import {
  type ActionFacts,
  BRIDGE_CLOSE,
  type Clients,
  type Pairing,
  type PendingActions,
} from "./bridge/mod.ts";
import { containersUnknown } from "./failures.ts";
import type { ActionBody, ActionData } from "./http_schemas.ts";
import type { ExtensionAction } from "./limits.ts";
import type { Targets } from "./requests/mod.ts";

/** What an extension reports of an action never shows a credential. */
const redactor = new Redactor();

/** Has the extension do what is no request to a site. */
export class BrowserActions {
  readonly #parts: ActionParts;

  constructor(parts: ActionParts) {
    this.#parts = parts;
  }

  /**
   * Does it, and resolves with the outcome as the extension reports it.
   * @throws {AppError}
   */
  run(input: ActionBody, caller: AuditedCaller): Promise<ActionData> {
    const { action, client_id, container, platform, tab_id, url, reason } =
      input;
    const intent = {
      action: `browser.actions.${action}`,
      actor: caller.actor,
      target: {
        client_id: client_id ?? null,
        platform: platform ?? null,
        tab_id: tab_id ?? null,
        ...(url !== undefined && { host: URL.parse(url)?.host ?? null }),
        ...(container !== undefined && { container }),
        ...(reason !== undefined && { reason }),
      },
    };
    return audited(this.#parts.audit, intent, () => this.#do(input));
  }

  async #do(input: ActionBody): Promise<ActionData> {
    const { action } = input;
    if (action !== "pair" && action !== "unpair") {
      return await this.#ask(input, action);
    }
    const result = action === "pair" ? this.#pair() : this.#unpair();
    return { action, client_id: null, ok: true, result, error: null };
  }

  async #ask(input: ActionBody, action: ExtensionAction): Promise<ActionData> {
    const { clients, pending } = this.#parts;
    const facts = this.#facts(input);
    const connection = clients.pick(input.client_id);
    if (facts.container !== undefined && !connection.knowsContainers) {
      throw containersUnknown(connection.clientId);
    }
    const { ok, result, error } = await pending.ask(connection, action, facts);
    return {
      action,
      client_id: connection.clientId,
      ok,
      result: redactor.json(result ?? {}),
      error: error === undefined
        ? null
        : { code: error.code, message: redactor.text(error.message) },
    };
  }

  #pair() {
    return { pairing_open_until: isoTime(this.#parts.pairing.open()) };
  }

  #unpair() {
    const { clients, pairing } = this.#parts;
    pairing.reset();
    const closed = clients.all;
    for (const connection of closed) {
      connection.close(BRIDGE_CLOSE.notPaired, "unpaired by the owner");
    }
    return { closed: closed.length };
  }

  #facts(input: ActionBody): ActionFacts {
    const { action, container, platform, url, tab_id, reason } = input;
    if (action === "open_tab" && url === undefined && platform === undefined) {
      throw invalidInput("url", "give a url or a platform to open");
    }
    const target = url === undefined && platform === undefined
      ? undefined
      : this.#parts.targets.resolve({ url, platform });
    // An address is only opened where it is asked for: a platform alone names tabs.
    const opens = action === "open_tab" || url !== undefined;
    return {
      platform,
      url: opens ? target?.url : undefined,
      tabId: tab_id,
      container,
      reason,
    };
  }
}

/** What each action does, for people and agents. */
export const ACTION_TEXTS: Readonly<Record<ActionBody["action"], string>> = {
  open_tab:
    "open url (or the platform's home) in a new tab, of container if given, and wait for its load",
  plugin_status: "report the extension's version, state and last errors",
  ws_reconnect: "close the bridge socket and connect again",
  controller_reload: "end all requests, then restart the extension",
  tab_restore: "bring a closed, discarded or crashed tab back",
  tab_focus: "bring a tab to the front",
  tab_reload: "reload a tab",
  request_credentials: "report tabs, login records and endpoints anew",
  pair: "let further browsers connect for two minutes; needs the scope admin",
  unpair:
    "forget every paired browser and close it; the next one is paired; needs the scope admin",
};

/** What an action asks of its caller: who the browser is, the owner decides. */
export function actionScope(action: ActionBody["action"]): ScopeName {
  return action === "pair" || action === "unpair" ? "admin" : "browser";
}

interface ActionParts {
  readonly clients: Clients;
  readonly pending: PendingActions;
  readonly pairing: Pairing;
  readonly targets: Targets;
  readonly audit: AuditPort;
}
