import { z } from "zod";
import type { AuditedCaller } from "../../../shared/audit.ts";
import { AppError } from "../../../shared/errors.ts";
import type { BrowserActions } from "../actions.ts";
import type { ActionBody, RequestBody, RequestData } from "../http_schemas.ts";
import type { BrowserViewer } from "../records/mod.ts";
import { type BrowserRequests, SseParser } from "../requests/mod.ts";
import type {
  ClaudeActed,
  ClaudeCurrent,
  ClaudeSendBody,
  ClaudeSent,
  ClientChoice,
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

  open(input: ClientChoice, caller: AuditedCaller): Promise<ClaudeActed> {
    return this.#act({ ...input, action: "open_tab" }, caller);
  }

  reload(input: ClientChoice, caller: AuditedCaller): Promise<ClaudeActed> {
    return this.#act({ ...input, action: "tab_reload" }, caller);
  }

  /** Sends a prompt, to a new conversation unless one is named or open. */
  async send(
    input: ClaudeSendBody,
    caller: AuditedCaller,
  ): Promise<ClaudeSent> {
    const { client_id, container, model, request_id, timeout_ms } = input;
    const ask = this.#asker(input, caller);
    const organization = input.organization_id ?? await firstOrganization(ask);
    const conversation = input.conversation_id ??
      this.#openConversation(input) ??
      await newConversation(organization, ask);
    const body = {
      client_id,
      container,
      platform: PLATFORM,
      method: "POST" as const,
      path: `${conversationPath(organization, conversation)}/completion`,
      headers: { accept: "text/event-stream" },
      body: {
        prompt: input.prompt ?? input.input ?? "",
        timezone: "UTC",
        attachments: [],
        files: [],
        ...(model !== undefined && { model }),
      },
      timeout_ms,
    };
    const { requests } = this.#parts;
    const response = await requests.buffered({ ...body, request_id }, caller);
    return {
      organization_id: organization,
      conversation_id: conversation,
      text: claudeText(response.body ?? ""),
      response,
      ...replacedBy("/v1/browser/request", body),
    };
  }

  /** Reads the conversation that is open in a Claude tab, or the newest one. */
  async current(
    input: ClientChoice,
    caller: AuditedCaller,
  ): Promise<ClaudeCurrent> {
    const ask = this.#asker(input, caller);
    const organization = await firstOrganization(ask);
    const all = conversationPath(organization);
    const conversation = this.#openConversation(input) ??
      idOf(json(await ask({ path: `${all}?limit=1` })));
    const path = conversation === undefined
      ? all
      : `${all}/${conversation}?tree=True`;
    return {
      organization_id: organization,
      conversation_id: conversation ?? null,
      conversation: conversation === undefined
        ? null
        : json(await ask({ path })),
      ...replacedBy("/v1/browser/request", { platform: PLATFORM, path }),
    };
  }

  async #act(
    input: Pick<ActionBody, "action" | "client_id" | "container">,
    caller: AuditedCaller,
  ): Promise<ClaudeActed> {
    const body = { ...input, platform: PLATFORM };
    const outcome = await this.#parts.actions.run(body, caller);
    return { ...outcome, ...replacedBy("/v1/browser/actions", body) };
  }

  /** Returns what asks Claude, and refuses all answers but success. */
  #asker(input: ClientChoice, caller: AuditedCaller): Ask {
    return async (request) => {
      const response = await this.#parts.requests.buffered({
        client_id: input.client_id,
        container: input.container,
        platform: PLATFORM,
        method: "GET",
        headers: {},
        ...request,
      }, caller);
      if (response.status >= 200 && response.status < 300) return response;
      throw new AppError(
        "UPSTREAM_FAILED",
        `Cannot go on: Claude answered ${response.status}`,
        { details: { reason: "site_refused", status: response.status } },
      );
    };
  }

  /** The conversation of the Claude tab in front, else of any. */
  #openConversation(
    { client_id, container }: ClientChoice,
  ): string | undefined {
    const query = { platform: PLATFORM, client_id, container };
    const tabs = this.#parts.viewer.view(query).tabs
      .toSorted((a, b) => Number(b.active) - Number(a.active));
    return tabs.flatMap(({ url }) => CONVERSATION.exec(url)?.[1] ?? [])[0];
  }
}

interface ClaudeParts {
  readonly requests: Pick<BrowserRequests, "buffered">;
  readonly actions: Pick<BrowserActions, "run">;
  readonly viewer: Pick<BrowserViewer, "view">;
}

type Ask = (request: Partial<RequestBody>) => Promise<RequestData>;

async function firstOrganization(ask: Ask): Promise<string> {
  const path = "/api/organizations";
  return idOf(json(await ask({ path }))) ?? unreadable(path);
}

async function newConversation(
  organization: string,
  ask: Ask,
): Promise<string> {
  const uuid = crypto.randomUUID();
  await ask({
    method: "POST",
    path: conversationPath(organization),
    body: { uuid, name: "" },
  });
  return uuid;
}

/** The path of a conversation, or of all. */
function conversationPath(organization: string, conversation?: string): string {
  const all = `/api/organizations/${organization}/chat_conversations`;
  return conversation === undefined ? all : `${all}/${conversation}`;
}

/** Tells the modern call that does the same. */
function replacedBy(path: string, body: Readonly<Record<string, unknown>>) {
  return {
    deprecated: true as const,
    modern: { method: "POST" as const, path, body: { ...body } },
  };
}

/** A list, of which only the first entry counts. */
const entries = z
  .tuple([z.object({ uuid: z.string().regex(/^[\w-]{1,128}$/) })])
  .rest(z.unknown());

/** The `uuid` of the first entry of a list. */
function idOf(list: unknown): string | undefined {
  return entries.safeParse(list).data?.[0].uuid;
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
