import { assertEquals } from "@std/assert";
import { whoMay } from "./who_may.ts";

Deno.test("whoMay() says in one line who can do what", () => {
  const say = (listen: string, token?: string, publicBase?: string) =>
    whoMay({
      listen: new URL(listen),
      token,
      knowsNames: true,
      publicBase: publicBase === undefined ? undefined : new URL(publicBase),
    });
  const open = "any program on this machine is the owner: no token is set";
  assertEquals(say("http://127.0.0.1:4317"), open);
  assertEquals(
    say("http://127.0.0.1:4317", undefined, "https://a.example"),
    `${open}; through a.example only mode, health, version and uptime are shown`,
  );
  assertEquals(
    say("http://100.71.210.78:4317"),
    "whoever reaches http://100.71.210.78:4317 is the owner: no token is set, and the network is trusted",
  );
  const closed = say("http://127.0.0.1:4317", "the-owner-4711-x9k2");
  assertEquals(
    closed,
    "who has the shared token is the owner; a named token opens what its scopes allow; without one only mode, health, version and uptime are shown",
  );
  assertEquals(
    say("http://[::1]:4317", "the-owner-4711-x9k2", "https://a.example"),
    `${closed}; through a.example the shared token reads work, and pauses, drains and resumes it`,
  );
});
