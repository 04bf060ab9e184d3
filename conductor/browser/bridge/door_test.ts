import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { AppError } from "../../../shared/errors.ts";
import {
  BRIDGE_PURPOSE,
  isProof,
  newNonce,
  proof,
  type ProofKey,
  proofKey,
} from "../../../shared/proof.ts";
import { RecordingLogger } from "../../../shared/testing/fakes.ts";
import { FakeClock } from "../../../shared/testing/fake_clock.ts";
import { BrowserStore } from "../../store/browser_store.ts";
import { openDatabase } from "../../store/database.ts";
import { proofProtocol } from "../extension/sub_protocol.js";
import { ORIGIN } from "../testing/rig.ts";
import { Door } from "./door.ts";
import { Pairing } from "./pairing.ts";

const TOKEN = "Kx7-correct-horse-battery";
const KEY = proofKey(BRIDGE_PURPOSE, TOKEN);
const HOST = "127.0.0.1:4317";

function createDoor(
  token?: string,
  base = `http://${HOST}`,
  holds = (_host: string) => true,
) {
  const clock = new FakeClock();
  const store = new BrowserStore(openDatabase(":memory:"));
  const pairing = new Pairing(store, clock);
  const log = new RecordingLogger();
  const door = new Door({
    pairing,
    clock,
    log,
    base: new URL(base),
    listening: { holds },
    token,
  });
  return { clock, door, log, pairing };
}

interface Attempt {
  readonly key?: ProofKey;
  readonly host?: string;
  /** What the client believes to have dialled, where that is something else. */
  readonly dialled?: string;
  readonly clientId?: string;
  readonly clientNonce?: string;
  readonly nonce?: string;
  readonly role?: "client" | "server" | "identity";
  readonly origin?: string;
}

/** The upgrade that an extension sends. */
function upgrade(attempt: Attempt): Headers {
  const {
    key = KEY,
    host = HOST,
    dialled = host,
    clientId = "a",
    clientNonce = "",
    nonce = "",
    role = "client",
    origin = ORIGIN,
  } = attempt;
  const mac = proof(key, {
    role,
    authority: dialled,
    nonces: [clientNonce, nonce],
  });
  const offer = proofProtocol({ clientId, clientNonce, mac });
  return new Headers({
    host,
    ...(origin !== "" && { origin }),
    "sec-websocket-protocol": `baa.v1, ${offer}`,
  });
}

function codeOf(action: () => unknown): string {
  return assertThrows(action, AppError).code;
}

Deno.test("Door proves to who knows the token who answers, and lets in who proves the same", () => {
  const { door } = createDoor(TOKEN);
  const clientNonce = newNonce();
  const told = door.challenge(HOST, { client_nonce: clientNonce });
  assertEquals(told.admits_by, "token");
  assertEquals(told.authority, HOST);
  const claim = {
    key: KEY,
    authority: HOST,
    nonces: [clientNonce, told.nonce],
  } as const;
  assert(isProof(told.identity_proof ?? "", { ...claim, role: "identity" }));
  const { nonce } = told;
  const admitted = door.admit(upgrade({ clientNonce, nonce }));
  assertEquals([admitted.origin, admitted.proven?.clientId], [ORIGIN, "a"]);
  assert(isProof(admitted.proven?.answer ?? "", { ...claim, role: "server" }));
});

Deno.test("Door refuses a proof that was used, that is too old, or that proves something else", async () => {
  const { clock, door, log } = createDoor(TOKEN);
  const ask = () => {
    const clientNonce = newNonce();
    const { nonce } = door.challenge(HOST, { client_nonce: clientNonce });
    return { clientNonce, nonce };
  };
  const refused = (attempt: Attempt) =>
    codeOf(() => door.admit(upgrade(attempt)));
  const used = ask();
  door.admit(upgrade(used));
  assertEquals(refused(used), "UNAUTHORIZED");
  assertEquals(log.lines.at(-1)?.fields, {
    reason: "proof",
    origin: ORIGIN,
    client_id: "a",
  });

  const old = ask();
  await clock.advance(30_000);
  assertEquals(refused(old), "UNAUTHORIZED");

  const wrong = proofKey(BRIDGE_PURPOSE, `${TOKEN}!`);
  assertEquals(refused({ ...ask(), key: wrong }), "UNAUTHORIZED");
  assertEquals(refused({ ...ask(), role: "server" }), "UNAUTHORIZED");
  assertEquals(refused({ ...ask(), role: "identity" }), "UNAUTHORIZED");
  assertEquals(refused({ ...ask(), nonce: newNonce() }), "UNAUTHORIZED");
  assertEquals(refused({ ...ask(), clientNonce: newNonce() }), "UNAUTHORIZED");
});

Deno.test("Door lets nobody pass a proof on from another address", () => {
  const { door } = createDoor(TOKEN);
  const relay = "127.0.0.1:4444";
  assertEquals(codeOf(() => door.challenge(relay, {})), "HOST_NOT_ALLOWED");
  assertEquals(codeOf(() => door.challenge(null, {})), "HOST_NOT_ALLOWED");
  const ask = () => {
    const clientNonce = newNonce();
    const { nonce } = door.challenge(HOST, { client_nonce: clientNonce });
    return { clientNonce, nonce };
  };
  const told = ask();
  assertEquals(
    codeOf(() => door.admit(upgrade({ ...told, host: relay }))),
    "HOST_NOT_ALLOWED",
  );
  // A relay may say the right Host: what was proven names the address dialled.
  assertEquals(
    codeOf(() => door.admit(upgrade({ ...told, dialled: relay }))),
    "UNAUTHORIZED",
  );
});

Deno.test("Door proves nothing for an address that conductor does not hold now", () => {
  let isHeld = true;
  const { door } = createDoor(
    TOKEN,
    `http://${HOST}`,
    (host) => isHeld || host === "[::1]",
  );
  const nonce = door.challenge(HOST, { client_nonce: "mine-4711" });
  isHeld = false;
  for (const host of [HOST, "localhost:4317"]) {
    assertEquals(
      codeOf(() => door.challenge(host, {})),
      "HOST_NOT_ALLOWED",
      host,
    );
  }
  // What was asked for before helps nobody who answers there now.
  const late = { nonce: nonce.nonce, clientNonce: "mine-4711" };
  assertEquals(codeOf(() => door.admit(upgrade(late))), "HOST_NOT_ALLOWED");
  assertEquals(door.challenge("[::1]:4317", {}).authority, "[::1]:4317");
});

Deno.test("Door holds the address that conductor listens on, and the loopback names", () => {
  const held = (base: string, host: string) => {
    try {
      return createDoor(TOKEN, base).door.challenge(host, {}).authority;
    } catch {
      return undefined;
    }
  };
  for (
    const host of [HOST, "localhost:4317", "[::1]:4317", "LOCALHOST.:4317"]
  ) {
    assert(held(`http://${HOST}`, host) !== undefined, host);
  }
  const tailnet = "http://100.71.210.78:4317";
  assertEquals(held(tailnet, "100.71.210.78:4317"), "100.71.210.78:4317");
  assertEquals(held(tailnet, HOST), HOST);
  assertEquals(held(tailnet, "mac.tail1.ts.net:4317"), undefined);
  assertEquals(held("http://127.0.0.1:80", "127.0.0.1:80"), "127.0.0.1");
  assertEquals(held("http://127.0.0.1:80", "127.0.0.1"), "127.0.0.1");
  assertEquals(held(`http://${HOST}`, "127.0.0.1"), undefined);
  assertEquals(held(`http://${HOST}`, "127.0.0.2:4317"), undefined);
});

Deno.test("Door takes a nonce that names no client's, once", () => {
  const { door } = createDoor(TOKEN);
  const { nonce, identity_proof } = door.challenge(HOST, {});
  assertEquals(identity_proof, null);
  assertNotEquals(door.challenge(HOST, {}).nonce, nonce);
  const attempt = { clientNonce: newNonce(), nonce };
  assertEquals(door.admit(upgrade(attempt)).proven?.clientId, "a");
  assertEquals(codeOf(() => door.admit(upgrade(attempt))), "UNAUTHORIZED");
});

Deno.test("Door keeps an honest client's nonce while strangers ask for thousands", () => {
  const { door } = createDoor(TOKEN);
  const clientNonce = newNonce();
  const { nonce } = door.challenge(HOST, { client_nonce: clientNonce });
  for (let i = 0; i < 8_000; i++) {
    door.challenge(HOST, { client_nonce: `stranger-${String(i).padStart(8)}` });
    door.challenge(HOST, {});
  }
  assert(door.admit(upgrade({ clientNonce, nonce })).proven !== undefined);
});

Deno.test("Door keeps the nonce of a client that named none while strangers ask for a thousand", () => {
  const { door } = createDoor(TOKEN);
  const { nonce } = door.challenge(HOST, {});
  for (let i = 0; i < 1000; i++) door.challenge(HOST, {});
  const attempt = { clientNonce: newNonce(), nonce };
  assert(door.admit(upgrade(attempt)).proven !== undefined);
  assertEquals(codeOf(() => door.admit(upgrade(attempt))), "UNAUTHORIZED");
});

Deno.test("Door takes a bare token from a program alone", () => {
  const { door } = createDoor(TOKEN);
  // The guard has judged the token already.
  assertEquals(door.admit(new Headers({ host: HOST })), { origin: undefined });
  assertEquals(
    codeOf(() => door.admit(new Headers({ host: HOST, origin: ORIGIN }))),
    "UNAUTHORIZED",
  );
});

Deno.test("Door has a paired browser prove its own key, and proves it in turn", () => {
  const { door, pairing } = createDoor();
  const first = door.admit(new Headers({ host: HOST, origin: ORIGIN }));
  assertEquals(first, { origin: ORIGIN });
  const text = pairing.pair({ identity: ORIGIN, clientId: "a" });
  assert(text !== undefined);
  const key = Uint8Array.fromBase64(text, { alphabet: "base64url" });

  const ask = (client_id: string) => {
    const client_nonce = newNonce();
    const told = door.challenge(HOST, { client_nonce, client_id });
    return { clientNonce: client_nonce, ...told };
  };
  const { clientNonce, nonce, identity_proof, admits_by } = ask("a");
  assertEquals(admits_by, "pairing");
  assert(isProof(identity_proof ?? "", {
    key,
    role: "identity",
    authority: HOST,
    nonces: [clientNonce, nonce],
  }));
  assert(door.admit(upgrade({ key, clientNonce, nonce })).proven !== undefined);

  assertEquals(ask("b").identity_proof, null);
  const refused = (attempt: Attempt) =>
    codeOf(() => door.admit(upgrade({ key, ...ask("a"), ...attempt })));
  assertEquals(refused({ key: KEY }), "UNAUTHORIZED");
  assertEquals(refused({ clientId: "b" }), "UNAUTHORIZED");
  // The key is this origin's: another program that has it does not get in by it.
  assertEquals(refused({ origin: "" }), "UNAUTHORIZED");
  assertEquals(
    refused({ origin: ORIGIN.replace("c111", "d222") }),
    "UNAUTHORIZED",
  );
});
