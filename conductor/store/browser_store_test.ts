import { assertEquals } from "@std/assert";
import {
  type CredentialRow,
  MAX_CLIENTS,
  MAX_ROWS_PER_CLIENT,
} from "./model/browser_record.ts";
import { BrowserStore } from "./browser_store.ts";
import { openDatabase } from "./database.ts";

/** A store in memory, which closes with its scope. */
function openStore() {
  const db = openDatabase(":memory:");
  return {
    store: new BrowserStore(db),
    [Symbol.dispose]: () => db.close(),
  };
}

const CLIENT = {
  client_id: "a",
  extension_version: "1.0",
  browser: "Firefox 153",
  platform: "linux",
  capabilities: ["sse", "cancel"],
  first_seen_at: 1_000,
  seen_at: 1_000,
};

function credential(fields: Partial<CredentialRow> = {}): CredentialRow {
  return {
    client_id: "a",
    platform: "claude",
    host: "claude.ai",
    header: "cookie",
    name: "sid",
    fingerprint: "0123456789abcdef",
    length: 10,
    captured_at: 1,
    seen_at: 2,
    logged_out: false,
    ...fields,
  };
}

Deno.test("BrowserStore.saveClient() keeps when a client was seen first", () => {
  using it = openStore();
  it.store.saveClient(CLIENT);
  it.store.saveClient({ ...CLIENT, first_seen_at: 5_000, seen_at: 5_000 });
  assertEquals(it.store.clients(), [{ ...CLIENT, seen_at: 5_000 }]);
});

Deno.test("BrowserStore.saveTabs() replaces the tabs of one client only", () => {
  using it = openStore();
  const tab = {
    tab_id: 1,
    platform: null,
    host: "",
    url: "about:",
    title: "New Tab",
    active: true,
    load: "complete",
    seen_at: 1,
  };
  it.store.saveTabs("a", [{ ...tab, client_id: "a" }]);
  it.store.saveTabs("b", [{ ...tab, client_id: "b" }]);
  it.store.saveTabs("a", [{
    ...tab,
    client_id: "a",
    tab_id: 2,
    active: false,
  }]);
  assertEquals(
    it.store.tabs().map((it) => [it.client_id, it.tab_id, it.active]),
    [["a", 2, false], ["b", 1, true]],
  );
});

Deno.test("BrowserStore.saveCredentials() renews by client, host, header and name", () => {
  using it = openStore();
  it.store.saveCredentials([credential(), credential({ name: "other" })]);
  const renewed = credential({ fingerprint: "ffffffffffffffff", seen_at: 9 });
  it.store.saveCredentials([renewed]);
  assertEquals(it.store.credentials(), [
    credential({ name: "other" }),
    renewed,
  ]);
});

Deno.test("BrowserStore keeps a bounded number of rows per client, the newest", () => {
  using it = openStore();
  const rows = Array.from(
    { length: MAX_ROWS_PER_CLIENT + 10 },
    (_, seen_at) => ({
      client_id: "a",
      platform: null,
      host: "claude.ai",
      method: "GET",
      path: `/${seen_at}`,
      seen_at,
    }),
  );
  it.store.saveEndpoints(rows);
  const kept = it.store.endpoints();
  assertEquals(kept.length, MAX_ROWS_PER_CLIENT);
  assertEquals(Math.min(...kept.map((it) => it.seen_at)), 10);
});

Deno.test("BrowserStore forgets the clients that were seen longest ago, with their rows", () => {
  using it = openStore();
  it.store.saveCredentials([credential({ client_id: "client-0" })]);
  for (let i = 0; i <= MAX_CLIENTS; i++) {
    it.store.saveClient({ ...CLIENT, client_id: `client-${i}`, seen_at: i });
  }
  assertEquals(it.store.clients().length, MAX_CLIENTS);
  assertEquals(it.store.clients().at(-1)?.client_id, "client-1");
  assertEquals(it.store.credentials(), []);
});

Deno.test("BrowserStore.addIdentity() adds an identity once, in order", () => {
  using it = openStore();
  for (const identity of ["b", "a", "b"]) it.store.addIdentity(identity);
  assertEquals(it.store.identities(), ["b", "a"]);
  it.store.forgetIdentities();
  assertEquals(it.store.identities(), []);
});
