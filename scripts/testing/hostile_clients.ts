// deno-lint-ignore-file no-console -- its parent reads how far it is from stdout
/**
 * Opens many connections to a port and does nothing good with them, in a process
 * of its own, since they take as many descriptors here as there.
 *
 * Usage: hostile_clients.ts <port> <count>
 */
const [port = 0, count = 0] = Deno.args.map(Number);
const HEAD = `Host: 127.0.0.1:${port}\r\nContent-Type: application/json\r\n`;
const BODY = `${HEAD}Content-Length: 100\r\n\r\n{`;
/** What is sent at once; `slow` ones go on, a byte at a time. */
const KINDS = [
  { say: "" },
  { say: `GET /healthz HTTP/1.1\r\n${HEAD}X-A: `, isSlow: true },
  { say: `POST /v1/exec HTTP/1.1\r\n${BODY}`, isSlow: true },
  { say: `GET /healthz HTTP/1.1\r\n${BODY}` },
  { say: `POST /nowhere HTTP/1.1\r\n${BODY}` },
  { say: `GET /healthz HTTP/1.1\r\n${HEAD}\r\n` },
] as const;
const encoder = new TextEncoder();

async function attack(number: number): Promise<void> {
  const { say, ...kind } = KINDS[number % KINDS.length] ?? KINDS[0];
  try {
    const conn = await Deno.connect({ hostname: "127.0.0.1", port });
    await conn.write(encoder.encode(say));
    while ("isSlow" in kind) {
      await new Promise((done) => setTimeout(done, 500));
      await conn.write(encoder.encode("a"));
    }
  } catch { /* ended or refused, as it should be */ }
}

const attacks: Promise<void>[] = [];
for (let number = 0; number < count; number++) {
  attacks.push(attack(number));
  if (number % 50 === 49) await new Promise((done) => setTimeout(done, 5));
}
console.log("attacking");
await Promise.race([Promise.all(attacks), Deno.stdin.read(new Uint8Array(1))]);
await Deno.stdin.read(new Uint8Array(1));
