import { assert, assertEquals, assertMatch } from "@std/assert";
import { BRIDGE_PURPOSE, proof, proofKey } from "../../../shared/proof.ts";
import { until } from "../../../shared/testing/until.ts";
import { Impostor } from "../testing/impostor.ts";
import { ErrorLog } from "./error_log.js";
import { Link } from "./link.js";
import { keyOfPairing, keyOfToken } from "./prove.js";

const SITE = "http://127.0.0.1:9";
const TOKEN = "Kx7-correct-horse-battery";
const PAIRED = "k".repeat(42) + "A";

/** A link that is not in Firefox, with what it does. */
function createLink(conductor: string, options: LinkOptions = {}) {
  const { token = "", paired } = options;
  const keys = new Map(
    paired === undefined ? [] : [[new URL(conductor).host, paired]],
  );
  const did: string[] = [];
  const link = new Link({
    clientId: "firefox-1",
    settings: () => Promise.resolve({ conductor, token, paused: false }),
    keys: {
      of: (authority: string, text: string) =>
        text === "" ? keyOfPairing(keys.get(authority)) : keyOfToken(text),
      keep: (authority: string, key: unknown) => {
        keys.set(authority, String(key));
        return Promise.resolve();
      },
      forget: (authority: string) => {
        keys.delete(authority);
        return Promise.resolve();
      },
    },
    errors: new ErrorLog(() => {}),
    opened: () => void did.push("opened"),
    received: (message: { readonly type: string }) =>
      void did.push(message.type),
    closed: () => {},
    changed: () => {},
  });
  return {
    link,
    did,
    keys,
    /** Waits until its status says so. */
    says: (text: string) =>
      until(
        () => Promise.resolve(link.status.detail || link.status.state),
        (it) => it.includes(text),
      ),
    [Symbol.asyncDispose]: () => link.stop(),
  };
}

interface LinkOptions {
  readonly token?: string;
  readonly paired?: string;
}

for (
  const [who, options] of [
    ["with a token", { token: TOKEN }],
    ["that is paired", { paired: PAIRED }],
  ] as const
) {
  Deno.test(`Link ${who} tells an impostor nothing, asks again, and obeys nothing`, async () => {
    for (const identityProof of ["A".repeat(43), null, ""]) {
      await using impostor = new Impostor({
        site: SITE,
        pairingKey: PAIRED.replaceAll("k", "z"),
        identityProof,
      });
      await using it = createLink(impostor.origin, options);
      it.link.restart();
      await impostor.asked(3);
      await it.says("somebody else answers at this address");
      assertEquals(impostor.frames, []);
      for (const request of impostor.requests) {
        assertMatch(request, /^GET \/v1\/browser\/challenge\?client_nonce=/);
      }
      for (const secret of [TOKEN, PAIRED, "baa.proof", "authorization"]) {
        assert(!impostor.knows.includes(secret), secret);
      }
      assertEquals(it.did, []);
      assertEquals(it.link.send({ type: "pong" }), false);
    }
  });
}

Deno.test("Link takes whatever is no proof for somebody else's answer", async () => {
  const answers = [
    () => new Response("not here", { status: 404 }),
    () => new Response("<html>"),
    () => Response.json({ ok: true, data: { nonce: 7 } }),
    () => Response.json([null]),
    () => new Response("x".repeat(1_000_000)),
    () =>
      Response.json({ error: { message: "\x1b[31m\u202eit" } }, {
        status: 403,
      }),
  ];
  for (const answer of answers) {
    await using server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      answer,
    );
    const origin = `http://127.0.0.1:${server.addr.port}`;
    await using it = createLink(origin, { token: TOKEN });
    it.link.restart();
    await it.says("somebody else answers at this address");
    await using stranger = createLink(origin);
    stranger.link.restart();
    await stranger.says("this is no conductor");
    assertEquals(/\p{C}/u.test(stranger.link.status.detail), false);
  }
});

Deno.test("Link that never met conductor says hello alone to who gives it no key", async () => {
  await using impostor = new Impostor({ site: SITE });
  await using it = createLink(impostor.origin);
  it.link.restart();
  await impostor.heard(2);
  for (const frame of impostor.frames) {
    assertEquals(JSON.parse(frame), {
      type: "hello",
      protocol: 1,
      clientId: "firefox-1",
    });
  }
  await it.says("somebody else answers at this address");
  assertEquals(it.did, []);
  assertEquals(it.keys.size, 0);
});

Deno.test("Link says what is wrong when it has no token and one is wanted", async () => {
  await using impostor = new Impostor({ site: SITE, admitsBy: "token" });
  await using it = createLink(impostor.origin);
  it.link.restart();
  await it.says("conductor wants another token");
  assertEquals(impostor.frames, []);
});

/** A conductor that knows the token, until it has shown that in its first answer. */
function turncoat(answer?: (socket: WebSocket, right: string) => void) {
  const key = proofKey(BRIDGE_PURPOSE, TOKEN);
  const frames: string[] = [];
  const nonces: [string, string] = ["", "AAECAwQFBgcICQoLDA0ODw"];
  const server = Deno.serve({
    hostname: "127.0.0.1",
    port: 0,
    onListen() {},
  }, (request) => {
    const { host, searchParams } = new URL(request.url);
    const claim = { authority: host, nonces };
    if (request.headers.get("upgrade") !== "websocket") {
      nonces[0] = searchParams.get("client_nonce") ?? "";
      const identity_proof = proof(key, { ...claim, role: "identity" });
      return Response.json({ data: { nonce: nonces[1], identity_proof } });
    }
    if (answer === undefined) return new Response(null, { status: 401 });
    const { response, socket } = Deno.upgradeWebSocket(request, {
      protocol: "baa.v1",
    });
    socket.onmessage = ({ data }) => {
      frames.push(data);
      if (frames.length > 1) return;
      answer(socket, proof(key, { ...claim, role: "server" }));
    };
    socket.onerror = (event) => event.preventDefault();
    return response;
  });
  return {
    frames,
    origin: `http://127.0.0.1:${server.addr.port}`,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

const WELCOME = {
  type: "hello_ack",
  ok: true,
  heartbeatMs: 10_000,
  limits: {},
  platforms: [],
  allowedHosts: [],
  state: {},
};
const COMMAND = '{"type":"plugin_status","id":"a1"}';

Deno.test("Link obeys nothing before the welcome has the right proof", async () => {
  await using server = turncoat((socket, right) => {
    socket.send(COMMAND);
    socket.send(JSON.stringify({ ...WELCOME, proof: `${right.slice(1)}A` }));
    socket.send(COMMAND);
  });
  await using it = createLink(server.origin, { token: TOKEN });
  it.link.restart();
  await it.says("somebody else answers at this address");
  assertEquals(it.did, []);
  assertEquals(server.frames.length, 1);
});

Deno.test("Link obeys what follows a welcome with the right proof, and nothing that came before", async () => {
  await using server = turncoat((socket, right) => {
    socket.send(COMMAND);
    socket.send(JSON.stringify({ ...WELCOME, proof: right }));
    socket.send(COMMAND);
    socket.send('{"type":"ping"}');
  });
  await using it = createLink(server.origin, { token: TOKEN });
  it.link.restart();
  await it.says("connected");
  await until(() => Promise.resolve(server.frames), (it) => it.length === 2);
  assertEquals(server.frames[1], '{"type":"pong"}');
  assertEquals(it.did, ["opened", "plugin_status"]);
});

Deno.test("Link forgets its key when conductor, having proven itself, says that it is paired no more", async () => {
  await using honest = turncoat((socket, right) => {
    socket.send(JSON.stringify({ ...WELCOME, proof: right }));
    socket.close(4403, "unpaired by the owner");
  });
  await using it = createLink(honest.origin, { token: TOKEN, paired: PAIRED });
  it.link.restart();
  await it.says("open pairing");
  assertEquals(it.keys.size, 0);

  await using stranger = turncoat((socket) => socket.close(4403, "unpaired"));
  await using other = createLink(stranger.origin, {
    token: TOKEN,
    paired: PAIRED,
  });
  other.link.restart();
  await other.says("open pairing");
  assertEquals(other.keys.size, 1);
});

Deno.test("Link says what to do when conductor is the right one and lets it not in", async () => {
  await using server = turncoat();
  await using it = createLink(server.origin, { token: TOKEN });
  it.link.restart();
  await it.says("conductor does not let this browser in");
  assertEquals(it.keys.size, 0);
});
