import { assertEquals } from "@std/assert";
import { onward } from "./onward.js";

const order = {
  url: "https://a.example/",
  method: "POST",
  headers: {
    Accept: "text/event-stream",
    "accept-language": "de",
    "accept-secret": "1",
    "content-type": "application/json",
    "x-csrf": "1",
  },
  body: "pay",
  stream: false,
  followRedirects: true,
  notTo: ["c.example"],
  asked: "https://a.example/",
};
const target = "https://b.example/";
const methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

/** What each method becomes at the other origin; null: it does not go there. */
function followed(status: number): (string | null)[] {
  return methods.map((method) =>
    onward(order, { status, method, target, headers: {} })?.method ?? null
  );
}

Deno.test("onward() takes no method to another origin that could change something there", () => {
  const none = [null, null, null, null];
  for (const status of [301, 302]) {
    assertEquals(followed(status), ["GET", "HEAD", "GET", ...none]);
  }
  assertEquals(followed(303), ["GET", "HEAD", ...Array(5).fill("GET")]);
  for (const status of [307, 308]) {
    assertEquals(followed(status), ["GET", "HEAD", null, ...none]);
  }
});

Deno.test("onward() takes no body, and of the headers what says which answer is wanted", () => {
  for (const [status, method] of [[302, "POST"], [307, "GET"]] as const) {
    const next = onward(order, { status, method, target, headers: {} });
    assertEquals(next, {
      ...order,
      url: target,
      method: "GET",
      headers: { Accept: "text/event-stream", "accept-language": "de" },
      body: undefined,
    });
  }
});

Deno.test("onward() leads to no site that is to be left alone now", () => {
  const next = (target: string) =>
    onward(order, { status: 302, method: "GET", target, headers: {} });
  assertEquals(next("https://c.example/x"), undefined);
  assertEquals(next("https://d.example/x")?.url, "https://d.example/x");
});
