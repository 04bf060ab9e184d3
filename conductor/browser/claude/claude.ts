import { AppError } from "../../../shared/errors.ts";
import type { BrowserStore } from "../../store/mod.ts";
import type { BrowserActions } from "../actions.ts";
import type { RequestBody, RequestData } from "../http_schemas.ts";
import {
  type BrowserCaller,
  type BrowserRequests,
  SseParser,
} from "../requests/mod.ts";
import type {
  ClaudeActed,
  ClaudeCurrent,
  ClaudeSendBody,
  ClaudeSent,
} from "./claude_schemas.ts";

const PLATFORM = "claude";
const CONVERSATION = /\/chat\/([0-9a-fA-F-]{8,64})/;

/**
 * The legacy Claude calls: each is a few modern ones with Claude's paths
 * filled in, and tells which.
 */
export class ClaudeWrapper {
  readonly #parts: ClaudeParts;

  constructor(parts: ClaudeParts) {
    this.#parts = parts;
  }

  open(input: ClientChoice, caller: BrowserCaller): Promise<ClaudeActed> {
    return this.#act("open_tab", { input, caller });
  }

  reload(input: ClientChoice, caller: BrowserCaller): Promise<ClaudeActed> {
    return this.#act("tab_reload", { input, caller });
  }

  /** Sends a prompt, to a new conversation unless one is named or open. */
  async send(
    input: ClaudeSendBody,
    caller: BrowserCaller,
  ): Promise<ClaudeSent> {
    const get = this.#getter(input, caller);
    const organization = input.organization_id ?? await firstOrganization(get);
    const conversation = input.conversation_id ?? this.#openConversation() ??
      await this.#newConversation(organization, { input, caller });
    const path = `${conversationPath(organization, conversation)}/completion`;
    const modern: RequestBody = {
      ...choice(input),
      platform: PLATFORM,
      method: "POST",
      path,
      headers: { accept: "text/event-stream" },
      body: {
        prompt: input.prompt,
        timezone: "UTC",
        attachments: [],
        files: [],
        ...(input.model === undefined ? {} : { model: input.model }),
      },
      ...(input.timeout_ms === undefined
        ? {}
        : { timeout_ms: input.timeout_ms }),
    };
    const { request_id } = input;
    const response = await this.#parts.requests.buffered(
      { ...modern, ...(request_id === undefined ? {} : { request_id }) },
      caller,
    );
    return {
      organization_id: organization,
      conversation_id: conversation,
      text: claudeText(response.body ?? ""),
      response,
      deprecated: true,
      modern: {
        method: "POST",
        path: "/v1/browser/request",
        body: { ...modern },
      },
    };
  }

  /** Reads the conversation that is open in a Claude tab, or the newest one. */
  async current(
    input: ClientChoice,
    caller: BrowserCaller,
  ): Promise<ClaudeCurrent> {
    const get = this.#getter(input, caller);
    const organization = await firstOrganization(get);
    const conversation = this.#openConversation() ??
      await newestConversation(organization, get);
    const path = conversation === undefined
      ? undefined
      : `${conversationPath(organization, conversation)}?tree=True`;
    const response = path === undefined ? undefined : await get(path);
    return {
      organization_id: organization,
      conversation_id: conversation ?? null,
      conversation: response === undefined ? null : json(response),
      deprecated: true,
      modern: {
        method: "POST",
        path: "/v1/browser/request",
        body: {
          platform: PLATFORM,
          path: path ?? `/api/organizations/${organization}/chat_conversations`,
        },
      },
    };
  }

  async #act(
    action: "open_tab" | "tab_reload",
    { input, caller }: {
      readonly input: ClientChoice;
      readonly caller: BrowserCaller;
    },
  ): Promise<ClaudeActed> {
    const body = { ...choice(input), action, platform: PLATFORM };
    const outcome = await this.#parts.actions.run(body, caller);
    return {
      ...outcome,
      deprecated: true,
      modern: { method: "POST", path: "/v1/browser/actions", body },
    };
  }

  /** Returns what reads a path of Claude, and refuses all but success. */
  #getter(input: ClientChoice, caller: BrowserCaller): Getter {
    return async (path) =>
      succeeded(
        await this.#parts.requests.buffered({
          ...choice(input),
          platform: PLATFORM,
          path,
          method: "GET",
          headers: {},
        }, caller),
      );
  }

  /** The conversation of the Claude tab in front, else of any. */
  #openConversation(): string | undefined {
    const tabs = this.#parts.store.tabs()
      .filter((tab) => tab.platform === PLATFORM)
      .sort((a, b) => Number(b.active) - Number(a.active));
    return tabs.flatMap(({ url }) => CONVERSATION.exec(url)?.[1] ?? [])[0];
  }

  async #newConversation(
    organization: string,
    { input, caller }: {
      readonly input: ClientChoice;
      readonly caller: BrowserCaller;
    },
  ): Promise<string> {
    const uuid = crypto.randomUUID();
    succeeded(
      await this.#parts.requests.buffered({
        ...choice(input),
        platform: PLATFORM,
        method: "POST",
        path: `/api/organizations/${organization}/chat_conversations`,
        headers: {},
        body: { uuid, name: "" },
      }, caller),
    );
    return uuid;
  }
}

interface ClaudeParts {
  readonly requests: Pick<BrowserRequests, "buffered">;
  readonly actions: Pick<BrowserActions, "run">;
  readonly store: Pick<BrowserStore, "tabs">;
}

/** Which browser to use; without it, the active one. */
interface ClientChoice {
  readonly client_id?: string | undefined;
}

type Getter = (path: string) => Promise<RequestData>;

async function firstOrganization(get: Getter): Promise<string> {
  const path = "/api/organizations";
  return idOf(json(await get(path))) ?? unreadable(path);
}

async function newestConversation(
  organization: string,
  get: Getter,
): Promise<string | undefined> {
  return idOf(
    json(
      await get(
        `/api/organizations/${organization}/chat_conversations?limit=1`,
      ),
    ),
  );
}

function conversationPath(organization: string, conversation: string): string {
  return `/api/organizations/${organization}/chat_conversations/${conversation}`;
}

/** The `uuid` of the first entry of a list. */
function idOf(list: unknown): string | undefined {
  const [first] = Array.isArray(list) ? list as unknown[] : [];
  const uuid = typeof first === "object" && first !== null && "uuid" in first
    ? first.uuid
    : undefined;
  return typeof uuid === "string" && /^[\w-]{1,128}$/.test(uuid)
    ? uuid
    : undefined;
}

function json(response: RequestData): unknown {
  try {
    return JSON.parse(response.body ?? "");
  } catch {
    return unreadable(new URL(response.url).pathname);
  }
}

function unreadable(path: string): never {
  throw new AppError(
    "UPSTREAM_FAILED",
    `Cannot use Claude's answer to ${path}: it has another form than expected`,
    { details: { reason: "unexpected_answer" } },
  );
}

function succeeded(response: RequestData): RequestData {
  if (response.status >= 200 && response.status < 300) return response;
  throw new AppError(
    "UPSTREAM_FAILED",
    `Cannot go on: Claude answered ${response.status}`,
    { details: { reason: "site_refused", status: response.status } },
  );
}

function choice(input: ClientChoice): { readonly client_id?: string } {
  return input.client_id === undefined ? {} : { client_id: input.client_id };
}

/** Returns the text of a reply from Claude's event stream, in either of its forms. */
function claudeText(stream: string): string {
  const events = new SseParser().push(`${stream}\n\n`);
  return events.map(({ data }) => piece(data)).join("");
}

function piece(data: string): string {
  try {
    const event = JSON.parse(data) as {
      readonly completion?: unknown;
      readonly delta?: { readonly text?: unknown };
    };
    const text = event?.delta?.text ?? event?.completion;
    return typeof text === "string" ? text : "";
  } catch {
    return "";
  }
}
