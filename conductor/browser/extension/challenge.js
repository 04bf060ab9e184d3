import { prove } from "./prove.js";

const ASK_MS = 5_000;

/** Characters of an answer that are read: it may be anybody's. */
const MAX_ANSWER = 65_536;

/** Characters of what is said there that the popup shows. */
const MAX_SAID = 200;

/**
 * Asks over plain HTTP who answers at the address, and for a nonce. That goes
 * before each attempt: Firefox holds a reconnecting WebSocket back for up to a
 * minute, and an upgrade that is refused does not say why. Nothing that is sent
 * here is secret, and nothing that is said there is believed but the proof.
 * @type {(question: Question) => Promise<{ nonce: string } | Problem>}
 */
export async function askWho(question) {
  const { conductor, authority, clientId, clientNonce, key } = question;
  const url = new URL("/v1/browser/challenge", conductor);
  url.searchParams.set("client_nonce", clientNonce);
  url.searchParams.set("client_id", clientId);
  let status = 0;
  let said;
  try {
    const response = await fetch(url, {
      credentials: "omit",
      cache: "no-store",
      redirect: "error",
      signal: AbortSignal.timeout(ASK_MS),
    });
    status = response.status;
    said = await readShort(response);
  } catch {
    if (status === 0) {
      return { state: "waiting", detail: `nothing answers at ${conductor}` };
    }
  }
  if (status === 503) {
    return { state: "waiting", detail: "conductor is not ready" };
  }
  const { nonce, identity_proof, admits_by } = Object(said?.data);
  const isAnswer = status === 200 && /^[\w-]{16,128}$/.test(nonce);
  const message = String(said?.error?.message ?? "").slice(0, MAX_SAID);
  const remark = isAnswer ? "" : `. It answers ${status} ${message}`;
  if (key === undefined) {
    if (!isAnswer) return refused(`this is no conductor${remark}`);
    return admits_by === "token"
      ? refused("conductor wants another token")
      : { nonce };
  }
  const nonces = /** @type {[string, string]} */ ([clientNonce, nonce]);
  const proof = await prove(key, { role: "identity", authority, nonces });
  return isAnswer && identity_proof === proof
    ? { nonce }
    : impostor(question, remark);
}

/**
 * Why nothing more is said to whoever answers: it does not know the key.
 * @type {(asked: Pick<Question, "conductor" | "hasToken">, remark?: string) => Problem}
 */
export function impostor({ conductor, hasToken }, remark = "") {
  const unless = hasToken
    ? "the token here is not conductor's"
    : "conductor was set up anew or has a token now: forget it here, or enter the token";
  return refused(
    `somebody else answers at this address (${conductor}), unless ${unless}. ` +
      `It was told nothing${remark}`,
  );
}

/** @type {(detail: string) => Problem} */
function refused(detail) {
  return { state: "refused", detail };
}

/** @param {Response} response */
async function readShort(response) {
  const decoder = new TextDecoder();
  let text = "";
  for await (const piece of response.body ?? []) {
    text += decoder.decode(piece, { stream: true });
    if (text.length > MAX_ANSWER) throw new Error("Cannot read so much");
  }
  return JSON.parse(text);
}
