/** What is used of Firefox's WebExtension APIs, as Firefox 140 has them. */

interface FirefoxEvent<
  Listener extends (...args: never[]) => unknown,
  Options extends readonly unknown[] = [],
> {
  addListener(listener: Listener, ...options: Options): void;
  removeListener(listener: Listener): void;
}

/** One end of a connection between the background page and a page's script. */
interface FirefoxPort {
  readonly onMessage: FirefoxEvent<(message: never) => void>;
  readonly onDisconnect: FirefoxEvent<() => void>;
  postMessage(message: unknown): void;
  disconnect(): void;
}

declare namespace browser {
  namespace tabs {
    interface Tab {
      readonly id: number;
      readonly windowId: number;
      readonly url: string;
      readonly title?: string;
      readonly active: boolean;
      readonly discarded: boolean;
      readonly status?: string;
      readonly lastAccessed: number;
      readonly cookieStoreId: string;
      readonly incognito: boolean;
    }
    function create(
      options: {
        readonly url: string;
        readonly active: boolean;
        readonly cookieStoreId: string;
      },
    ): Promise<Tab>;
    function get(id: number): Promise<Tab>;
    function query(filter: Readonly<Record<never, never>>): Promise<Tab[]>;
    function reload(id: number): Promise<void>;
    function remove(id: number): Promise<void>;
    function update(
      id: number,
      changes: { readonly url?: string; readonly active?: boolean },
    ): Promise<Tab>;
    function connect(
      id: number,
      options: { readonly frameId: number; readonly name: string },
    ): FirefoxPort;
    function executeScript(
      id: number,
      script: {
        readonly file?: string;
        readonly code?: string;
        readonly runAt: "document_start";
      },
    ): Promise<unknown[]>;
    const onCreated: FirefoxEvent<() => void>;
    const onRemoved: FirefoxEvent<() => void>;
    const onActivated: FirefoxEvent<() => void>;
    const onUpdated: FirefoxEvent<
      (
        id: number,
        changes: { readonly url?: string; readonly status?: string },
        tab: Tab,
      ) => void,
      [filter: { readonly properties: readonly string[] }]
    >;
  }

  namespace contextualIdentities {
    interface Identity {
      readonly cookieStoreId: string;
      readonly name: string;
    }
    function query(
      filter: Readonly<Record<never, never>>,
    ): Promise<Identity[]>;
    const onCreated: FirefoxEvent<() => void>;
    const onUpdated: FirefoxEvent<() => void>;
    const onRemoved: FirefoxEvent<() => void>;
  }

  namespace windows {
    function update(
      id: number,
      changes: { readonly focused: boolean },
    ): Promise<unknown>;
  }

  namespace sessions {
    interface Session {
      readonly tab?: tabs.Tab & { readonly sessionId: string };
    }
    function getRecentlyClosed(): Promise<Session[]>;
    function restore(id: string): Promise<{ readonly tab: tabs.Tab }>;
  }

  namespace runtime {
    function getManifest(): { readonly version: string };
    function getBrowserInfo(): Promise<
      { readonly name: string; readonly version: string }
    >;
    function getPlatformInfo(): Promise<
      { readonly os: string; readonly arch: string }
    >;
    function reload(): void;
    function sendMessage<Answer>(message: object): Promise<Answer>;
    const id: string;
    function getURL(path: string): string;
    interface MessageSender {
      readonly id?: string;
      readonly url?: string;
      readonly frameId?: number;
    }
    const onMessage: FirefoxEvent<
      (message: never, sender: MessageSender) => Promise<unknown> | undefined
    >;
    const onConnect: FirefoxEvent<(port: FirefoxPort) => void>;
  }

  namespace browserAction {
    function setTitle(options: { readonly title: string }): void;
    function setBadgeText(options: { readonly text: string }): void;
  }

  namespace storage {
    type Values = Record<string, unknown>;
    const local: {
      get(keys: readonly string[]): Promise<Values>;
      set(values: Values): Promise<void>;
    };
    const managed: Pick<typeof local, "get">;
    const onChanged: FirefoxEvent<(changes: Values) => void>;
  }

  namespace webRequest {
    interface Details {
      readonly requestId: string;
      readonly url: string;
      readonly method: string;
      readonly type: string;
      /** -1: from the background. */
      readonly tabId: number;
      readonly cookieStoreId: string;
      readonly incognito: boolean;
      readonly timeStamp: number;
      readonly ip?: string | null;
      readonly proxyInfo?: { readonly type: string } | null;
      readonly requestHeaders?: readonly Header[];
      readonly responseHeaders?: readonly Header[];
      readonly statusCode?: number;
      readonly fromCache?: boolean;
      /** Of a demand for a password: whether a proxy makes it. */
      readonly isProxy?: boolean;
    }
    interface Header {
      readonly name: string;
      readonly value?: string;
    }
    interface Verdict {
      readonly cancel?: boolean;
      /** What the response's headers become. */
      readonly responseHeaders?: readonly Header[];
    }
    interface Filter {
      readonly urls: readonly string[];
      readonly types?: readonly string[];
    }
    type Event<Result> = FirefoxEvent<
      (details: Details) => Result,
      [filter: Filter, extra?: readonly string[]]
    >;
    const onBeforeRequest: Event<Verdict | Promise<Verdict>>;
    const onSendHeaders: Event<unknown>;
    const onHeadersReceived: Event<Verdict | void>;
    const onAuthRequired: Event<Verdict>;
    const onCompleted: Event<void>;
    const onErrorOccurred: Event<void>;
  }

  namespace dns {
    function resolve(
      name: string,
    ): Promise<{ readonly addresses: readonly string[] }>;
  }
}

/** The page's own `fetch`, for a content script. */
declare const content: { readonly fetch: typeof fetch };
