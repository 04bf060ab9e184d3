import { join } from "@std/path";
import { FakeCodexd } from "../../../conductor/codex/testing/fake_codexd.ts";
import { freePort } from "../../../shared/testing/free_ports.ts";
import { type RunningDaemon, startDaemon } from "../../testing/daemon.ts";
import type { OwnStage, Stage } from "./vector.ts";

/** What is attacked and needed by nobody. */
type ProofStage = Stage & { readonly own: OwnStage } & AsyncDisposable;

/** Starts a conductor and a codexd with a token, and a conductor without one. */
export async function ownStage(): Promise<ProofStage> {
  await using started = new AsyncDisposableStack();
  const folder = await Deno.realPath(
    await Deno.makeTempDir({ prefix: "attack-" }),
  );
  started.defer(() => Deno.remove(folder, { recursive: true }));
  // As a home often is: what protects the state has to be the state's own.
  await Deno.chmod(folder, 0o755);
  const token = `Owner-${crypto.randomUUID()}`;
  const tokenFile = join(folder, "token");
  await Deno.writeTextFile(tokenFile, token, { mode: 0o600 });
  const stateDir = join(folder, "state");
  const env = {
    BAA_STATE_DIR: stateDir,
    BAA_LOGS_DIR: join(folder, "logs"),
    BAA_SHARED_TOKEN_FILE: tokenFile,
    BAA_CODEXD_LOCAL_API: `http://127.0.0.1:${freePort()}`,
  };
  const fakeCodexd = started.use(new FakeCodexd());
  const [codexd, guarded, open] = await Promise.all([
    startDaemon("codexd", env, { probe: "/healthz" }),
    startDaemon("conductor", env),
    startDaemon("conductor", fakeCodexd.env),
  ]);
  for (const daemon of [codexd, guarded, open]) started.use(daemon);
  const all = started.move();
  return {
    open: { port: portOf(open) },
    guarded: { port: portOf(guarded), token },
    stateDir,
    own: {
      codexd,
      fakeCodexd,
      folder,
      stateDir,
      token,
      secrets: [token, `planted-${crypto.randomUUID()}`],
    },
    [Symbol.asyncDispose]: () => all.disposeAsync(),
  };
}

function portOf({ origin }: RunningDaemon): number {
  return Number(new URL(origin).port);
}
