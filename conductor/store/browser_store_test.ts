import { assertEquals } from "@std/assert";
import { Database } from "@db/sqlite";
import {
  type CredentialRow,
  type IdentityRow,
  MAX_CLIENTS,
  MAX_IDENTITIES,
  MAX_ROWS_PER_CLIENT,
} from "./model/browser_record.ts";
import { BrowserStore } from "./browser_store.ts";
import { openDatabase } from "./database.ts";
import { migrate } from "./migrate.ts";
import { MIGRATIONS } from "./migrations.ts";

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
    cookie_store: "firefox-default",
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

Deno.test("BrowserStore.saveTabs() replaces the tabs and containers of one client only", () => {
  using it = openStore();
  const tab = {
    tab_id: 1,
    cookie_store: "one",
    platform: null,
    host: "",
    url: "about:",
    title: "New Tab",
    active: true,
    load: "complete",
    seen_at: 1,
  };
  const save = (client_id: string, tab_id: number, cookie_store: string) =>
    it.store.saveTabs(client_id, {
      tabs: [{ ...tab, client_id, tab_id, active: tab_id === 1 }],
      containers: [{ client_id, cookie_store, name: "Work" }],
    });
  save("a", 1, "one");
  save("b", 1, "one");
  save("a", 2, "two");
  assertEquals(
    it.store.tabs().map((it) => [it.client_id, it.tab_id, it.active]),
    [["a", 2, false], ["b", 1, true]],
  );
  assertEquals(
    it.store.containers().map((it) => [it.client_id, it.cookie_store]),
    [["a", "two"], ["b", "one"]],
  );
});

Deno.test("BrowserStore.saveCredentials() renews by client, container, host, header and name", () => {
  using it = openStore();
  const work = credential({ cookie_store: "firefox-container-2" });
  const other = credential({ name: "other" });
  it.store.saveCredentials([work, credential(), other]);
  const renewed = credential({ fingerprint: "ffffffffffffffff", seen_at: 9 });
  it.store.saveCredentials([renewed]);
  assertEquals(it.store.credentials(), [work, other, renewed]);
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
  const client_id = "client-0";
  it.store.saveCredentials([credential({ client_id })]);
  it.store.saveTabs(client_id, {
    tabs: [],
    containers: [{ client_id, cookie_store: "one", name: "Work" }],
  });
  for (let i = 0; i <= MAX_CLIENTS; i++) {
    it.store.saveClient({ ...CLIENT, client_id: `client-${i}`, seen_at: i });
  }
  assertEquals(it.store.clients().length, MAX_CLIENTS);
  assertEquals(it.store.clients().at(-1)?.client_id, "client-1");
  assertEquals(it.store.credentials(), []);
  assertEquals(it.store.containers(), []);
});

Deno.test("BrowserStore.saveIdentity() keeps an identity once, in order", () => {
  using it = openStore();
  const [a, b] = ["a", "b"].map((identity) => ({
    identity,
    client_id: `of-${identity}`,
    key: null,
  })) as [IdentityRow, IdentityRow];
  for (const row of [b, a, { ...b, key: "k" }]) it.store.saveIdentity(row);
  assertEquals(it.store.identities(), [{ ...b, key: "k" }, a]);
  it.store.forgetIdentities();
  assertEquals(it.store.identities(), []);
});

Deno.test("BrowserStore.saveIdentity() forgets the oldest identity without a key when there are too many", () => {
  using it = openStore();
  const row = (n: number, key: string | null = null) => ({
    identity: `client:${n}`,
    client_id: String(n),
    key,
  });
  it.store.saveIdentity(row(0, "k"));
  for (let n = 1; n <= MAX_IDENTITIES + 1; n++) it.store.saveIdentity(row(n));
  const kept = it.store.identities().map((it) => it.client_id);
  assertEquals(kept.slice(0, 2), ["0", "2"]);
  assertEquals(kept.length, MAX_IDENTITIES + 1);
});

Deno.test("BrowserStore takes over the identities of a database without keys", () => {
  const connection = new Database(":memory:");
  migrate(connection, MIGRATIONS.slice(0, 5));
  for (const identity of ["moz-extension://x", "client:local"]) {
    connection.exec(
      "INSERT INTO browser_identities (identity) VALUES (?)",
      identity,
    );
  }
  migrate(connection);
  assertEquals(
    connection.prepare(
      "SELECT identity, client_id, key FROM browser_identities ORDER BY seq",
    ).all(),
    [
      { identity: "moz-extension://x", client_id: null, key: null },
      { identity: "client:local", client_id: "local", key: null },
    ],
  );
  connection.close();
});

Deno.test("BrowserStore takes over login records that do not say their container", () => {
  const connection = new Database(":memory:");
  const before = MIGRATIONS.findIndex((it) => /containers/.test(it.name));
  migrate(connection, MIGRATIONS.slice(0, before));
  const { cookie_store: _, ...old } = credential();
  const names = Object.keys(old);
  connection.prepare(
    `INSERT INTO browser_credentials (${names.join()})
     VALUES (${names.map((it) => `:${it}`).join()})`,
  ).run({ ...old, logged_out: 0 });
  migrate(connection);
  const rows = connection.prepare("SELECT * FROM browser_credentials").all();
  assertEquals(rows, [{ ...old, logged_out: 0, cookie_store: "" }]);
  connection.close();
});
