/**
 * The stand-in as a program: `fake_codex.ts --version` and `fake_codex.ts
 * app-server`. Its threads are in CODEX_HOME, as the real one's are.
 */
import { fromFileUrl, join } from "@std/path";
import { denoDir } from "../../shared/testing/deno_dir.ts";
import { readLines } from "../../shared/lines.ts";
import { shellQuote } from "../../shared/shell_quote.ts";
import { FakeAppServer } from "./fake_app_server.ts";
import type { FakeDisk } from "./fake_threads.ts";

/** Writes a program into `folder` that runs the stand-in; returns its path. */
export async function installFakeCodex(folder: string): Promise<string> {
  const path = join(folder, "codex");
  const config = fromFileUrl(new URL("../../deno.json", import.meta.url));
  const command = [
    "env",
    `DENO_DIR=${denoDir()}`,
    Deno.execPath(),
    "run",
    "--quiet",
    "-A",
    "--cached-only",
    `--config=${config}`,
    fromFileUrl(import.meta.url),
  ].map(shellQuote).join(" ");
  await Deno.writeTextFile(path, `#!/bin/sh\nexec ${command} "$@"\n`);
  await Deno.chmod(path, 0o755);
  return path;
}

const encoder = new TextEncoder();

function print(line: string): void {
  const bytes = encoder.encode(line + "\n");
  for (let at = 0; at < bytes.length;) {
    at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}

async function serve(): Promise<void> {
  const home = Deno.env.get("CODEX_HOME") ?? ".";
  const file = join(home, "stand-in.json");
  const disk = load(file);
  const server = new FakeAppServer({
    disk,
    home,
    write: print,
    exit: (code) => Deno.exit(code),
    saved() {
      Deno.writeTextFileSync(file, JSON.stringify([...disk]));
    },
  });
  for await (const lines of readLines(Deno.stdin.readable, { maxChars: 1e9 })) {
    for (const line of lines) server.receive(line);
  }
  server.end();
}

function load(file: string): FakeDisk {
  try {
    return new Map(JSON.parse(Deno.readTextFileSync(file)));
  } catch {
    return new Map();
  }
}

if (import.meta.main) {
  if (Deno.args[0] === "--version") print("codex-cli 0.169.0");
  else await serve();
}
