import { createRequire } from "node:module";
import { exists } from "@std/fs";
import { REAL_PARTS } from "../real_parts.ts";

/** The part of playwright-core's API that the tests use. */
export interface Browser {
  newContext(options: {
    readonly viewport: { readonly width: number; readonly height: number };
    readonly colorScheme: "light" | "dark";
  }): Promise<BrowserContext>;
  close(): Promise<void>;
}

export interface BrowserContext {
  newPage(): Promise<Page>;
  close(): Promise<void>;
}

export interface Page {
  on(event: "console", listener: (message: { text(): string }) => void): void;
  on(event: "pageerror", listener: (error: Error) => void): void;
  on(
    event: "response",
    listener: (response: { url(): string; status(): number }) => void,
  ): void;
  on(event: "request", listener: (request: { url(): string }) => void): void;
  goto(url: string): Promise<{ status(): number } | null>;
  title(): Promise<string>;
  url(): string;
  waitForURL(url: string): Promise<void>;
  fill(selector: string, value: string): Promise<void>;
  /** Clicks, and waits for where that leads. */
  click(selector: string): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  evaluate<T>(expression: string): Promise<T>;
  close(): Promise<void>;
}

interface Playwright {
  readonly chromium: {
    launch(options: {
      readonly executablePath: string;
      readonly args: readonly string[];
    }): Promise<Browser>;
  };
}

const PROGRAM = "/usr/bin/chromium";
const DRIVER = `${REAL_PARTS}node_modules/playwright-core`;

/** Whether a real Chromium and its driver are here. */
export const hasChromium = await exists(PROGRAM) && await exists(DRIVER);

/** Starts a headless Chromium. */
export async function launchChromium(
  args: readonly string[] = [],
): Promise<Browser & AsyncDisposable> {
  const { chromium }: Playwright = createRequire(import.meta.url)(DRIVER);
  const browser = await chromium.launch({
    executablePath: PROGRAM,
    // A container's root has no sandbox to put it in.
    args: [...Deno.uid() === 0 ? ["--no-sandbox"] : [], ...args],
  });
  return Object.assign(browser, {
    [Symbol.asyncDispose]: () => browser.close(),
  });
}

/** Opens a page of a height that a phone has, and notes what it complains of and what it asks for. */
export async function openPage(
  browser: Browser,
  { width, colorScheme }: {
    readonly width: number;
    readonly colorScheme: "light" | "dark";
  },
): Promise<OpenPage> {
  const context = await browser.newContext({
    viewport: { width, height: 844 },
    colorScheme,
  });
  const page = await context.newPage();
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  return {
    page,
    complaints,
    requests,
    beyond: () =>
      page.evaluate<number>(
        "document.scrollingElement.scrollWidth - innerWidth",
      ),
    [Symbol.asyncDispose]: () => context.close(),
  };
}

/** A page, and what it has done so far. */
interface OpenPage extends AsyncDisposable {
  readonly page: Page;
  readonly complaints: string[];
  /** What it asked for, but what is in its own addresses. */
  readonly requests: string[];
  /** By how much its content is wider than the window. */
  beyond(): Promise<number>;
}
