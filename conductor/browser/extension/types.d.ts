/** The extension's own types; those of messages are conductor's contract. */

type ConductorMessage = import("../contract.ts").ConductorMessage;
type FromConductor<T extends ConductorMessage["type"]> =
  import("../contract.ts").FromConductor<T>;
type ExtensionMessage = import("../contract.ts").ExtensionInput;
type FromExtensionInput<T extends ExtensionMessage["type"]> = Extract<
  ExtensionMessage,
  { type: T }
>;
type ExtensionAction = import("../limits.ts").ExtensionAction;

type ApiRequest = FromConductor<"api_request">;
type ActionMessage = FromConductor<ExtensionAction>;
type Welcome = FromConductor<"hello_ack"> & { ok: true };
type Platform = Welcome["platforms"][number];
type Limits = Record<
  keyof typeof import("../limits.ts").BROWSER_LIMITS,
  number
>;

/** Sends a message; false when there is no connection. */
type Send = (message: ExtensionMessage) => boolean;

type Timer = ReturnType<typeof setTimeout> | undefined;

interface Settings {
  conductor: string;
  token: string;
  paused: boolean;
}

/** What the popup asks of the background page. */
interface PopupMessage {
  readonly set?: Partial<Settings>;
  readonly reconnect?: boolean;
  /** Forget what was agreed on with this conductor: the next meeting is the first. */
  readonly forget?: boolean;
  readonly action?: "pause" | "resume" | "drain" | undefined;
}

/** What the background page answers. */
interface PopupStatus {
  readonly state: string;
  readonly detail: string;
  readonly settings: Omit<Settings, "token"> & {
    readonly hasToken: boolean;
    /** The names of those that an administrator has set. */
    readonly managed: readonly string[];
  };
  readonly clientId: string;
  readonly mode: string;
  readonly requests: number;
  readonly lastRequest: LastRequest | undefined;
  readonly errors: readonly { readonly at: string; readonly message: string }[];
}

/** The parts of the extension. */
interface Parts {
  readonly link: import("./link.js").Link;
  readonly tabs: import("./tabs.js").Tabs;
  readonly guard: import("./network_guard.js").NetworkGuard;
  readonly observer: import("./observer.js").Observer;
  readonly jobs: import("./request_jobs.js").RequestJobs;
  readonly errors: import("./error_log.js").ErrorLog;
}

interface ObserverParts extends Pick<Parts, "guard"> {
  readonly fingerprints: import("./fingerprint.js").Fingerprints;
  readonly send: Send;
}

/** What the link asks of the extension, and tells it. */
interface LinkParts extends Pick<Parts, "errors"> {
  readonly clientId: string;
  /** What is proven to whoever answers at an authority. */
  readonly keys: {
    of(authority: string, token: string): Promise<CryptoKey | undefined>;
    keep(authority: string, key: unknown): Promise<void>;
    forget(authority: string): Promise<void>;
  };
  settings(): Promise<Settings>;
  opened(ack: Welcome): void;
  received(message: ConductorMessage): unknown;
  closed(): void;
  /** The status has changed. */
  changed(): void;
}

/** What is asked of whoever answers at conductor's address. */
interface Question {
  readonly conductor: string;
  readonly authority: string;
  readonly clientId: string;
  readonly clientNonce: string;
  /** Undefined: the two have never met. */
  readonly key: CryptoKey | undefined;
  readonly hasToken: boolean;
}

/** A question that was answered rightly, or by a stranger at a first meeting. */
interface Introduction extends Question {
  readonly proofs:
    | { readonly mac: string; readonly expected: string }
    | undefined;
}

/** Why there is no connection now. */
interface Problem {
  readonly state: string;
  readonly detail: string;
  readonly pauseMs?: number | undefined;
}

/** What an action reports. */
type ActionReport = Record<string, unknown>;

/** What conductor is told of a failure. */
type Failure = NonNullable<FromExtensionInput<"api_response">["error"]> & {
  readonly message: string;
};
type FailureFacts = Omit<Failure, "code" | "message">;
type BusyTab = NonNullable<Failure["tabs"]>[number];

/** Whose login. */
type Container = NonNullable<FromExtensionInput<"tabs">["containers"]>[number];

/** Where a request runs; without a tab in the background page. */
interface Place {
  readonly container: Container;
  readonly tab: browser.tabs.Tab | undefined;
}

/** The last request, as the popup shows it. */
interface LastRequest {
  readonly site: string;
  readonly container: string;
  readonly at: number;
}

type CodedError = import("./error_log.js").CodedError;

/** Carries a response to conductor. */
interface Answer {
  head(head: ResponseHead): void;
  /** Resolves once there is room for more. */
  piece(bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  end(): Promise<void>;
  fail(failure: Failure): void;
}

/** What is known of a response before its body. */
interface ResponseHead extends FetchHead {
  readonly fromCache?: boolean;
  readonly via?: "page" | "background";
  readonly tabId?: number;
  readonly cookieStore?: string;
  readonly container?: string;
}

interface AnswerParts {
  readonly id: string;
  readonly link: AnswerPort;
}

/** Where an answer's messages go. */
interface AnswerPort {
  readonly limits: Pick<Limits, "chunkBytes" | "maxResponseBytes">;
  send(message: ExtensionMessage): unknown;
  /** Resolves once there is room for more. */
  room(): Promise<void>;
}

/** A request that runs. */
interface Runner {
  readonly ended: Promise<CodedError | undefined>;
  abort(): void;
  /** For a page that does not react. */
  leave(): void;
}

interface RunnerParts extends Pick<Parts, "guard"> {
  readonly answer: Answer;
  readonly container: Container;
}

/** Where a fetch runs. */
interface FetchPlace {
  readonly head: Pick<ResponseHead, "via" | "tabId">;
  /** Asks for the next piece. */
  more(): void;
  /** The request is over, whatever still runs. */
  close(): void;
  /** Says what a fetch failed of, from whether its head came and the network saw it. */
  judge(
    failure: FetchFailure,
    fared: { readonly begun: boolean; readonly seen: boolean },
  ): CodedError | Promise<CodedError>;
}

/** A request of conductor's that is not over. */
interface Job {
  readonly message: ApiRequest;
  readonly answer: Answer;
  /** Of the request's body. */
  readonly chunks: Uint8Array<ArrayBuffer>[];
  bytes: number;
  /** Whether the body is here. */
  complete: boolean;
  timer?: Timer;
  running?: Runner;
  stopped?: CodedError;
}

/** A request that is about to be sent, and how it fares. */
interface ExpectedRequest {
  readonly url: string;
  readonly method: string;
  /** Whether it may come from this tab; -1 is the background. */
  isTab(id: number): boolean;
  readonly at: number;
  /** Whether the network has seen it. */
  seen: boolean;
  /** Why it was stopped. */
  refused: string | undefined;
  /** Whether a demand for a password is kept from Firefox. */
  readonly noPassword?: boolean;
  /** Whether Firefox would have asked for a password. */
  demanded?: true;
  /** How often the site sent it on. */
  hops: number;
  /** The answer that sent it to another origin: it was stopped there. */
  redirect?: Redirect | undefined;
  fromCache?: boolean | undefined;
  /** Called when it is stopped. Given, it is a page's load. */
  onRefused?: (why: string) => void;
}

/** An answer that sends a request to another origin. */
interface Redirect {
  readonly status: number;
  /** Of the request that was answered so. */
  readonly method: string;
  readonly target: string;
  readonly headers: Record<string, string>;
}

/** What webRequest tells of a request. */
type RequestDetails = browser.webRequest.Details;

interface Site {
  readonly platform: string;
  readonly host: string;
}

interface SeenCredential extends Site {
  readonly cookieStore: string;
  readonly header: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly length: number;
  readonly capturedAt: number;
  readonly seenAt: number;
  readonly loggedOut: boolean;
}

/** A credential as a page sent it. */
interface SentCredential {
  readonly cookieStore: string;
  readonly header: string;
  readonly name: string;
  readonly secret: string;
  readonly at: number;
}

interface SeenEndpoint extends Site {
  readonly method: string;
  readonly path: string;
  readonly lastSeenAt: number;
}

/** A fetch to run, as the background page and a page's script pass it on. */
interface FetchOrder {
  readonly url: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array<ArrayBuffer> | undefined;
  readonly stream: boolean;
  readonly followRedirects: boolean;
  /** Hosts to which no redirect is followed. */
  readonly notTo: readonly string[];
  /** The site's demand for a password is the answer. */
  readonly noPassword?: boolean;
  /** The address that conductor asked for: the only one that is told whole. */
  readonly asked: string;
}

/** What the background page says to a page's script. */
interface FetchCommand {
  readonly order?: FetchOrder;
  readonly abort?: true;
  /** The last piece was passed on. */
  readonly more?: true;
}

/** What a fetch tells: its head, pieces, then `done` or `failed`. */
interface FetchNews {
  readonly head?: FetchHead;
  readonly chunk?: Uint8Array<ArrayBuffer>;
  readonly done?: true;
  readonly failed?: FetchFailure;
  /** The page's own policy stopped it. */
  readonly blocked?: true;
}

interface FetchHead {
  readonly status: number;
  readonly url: string;
  readonly headers: Record<string, string>;
  /** Where the site sent it on to, on another origin. */
  readonly redirectedTo?: string;
}

interface FetchFailure {
  readonly name: string;
  readonly message: string;
}

/** From fetch_runner.js, which is no module. */
// deno-lint-ignore no-var -- nothing else is a property of `globalThis`
declare var runFetch: (
  fetchFunction: (url: string, init: RequestInit) => Promise<Response>,
  order: FetchOrder,
  post: (news: FetchNews) => void,
) => { abort(): void; more(): void };
