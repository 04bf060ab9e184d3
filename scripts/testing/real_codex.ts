// deno-lint-ignore-file no-console -- tells why tests are ignored
import { join } from "@std/path";
import { findBinary } from "../../codexd/app_server/find_binary.ts";
import { completePath } from "../../host_ops/process/mod.ts";
import { REAL_PARTS } from "../real_parts.ts";

const BIN = join(REAL_PARTS, "node_modules", ".bin");

/**
 * The real Codex that tests use: what `BAA_TEST_CODEX_BIN` names, else what
 * `deno task real-parts` has installed. Undefined, with a line that says so,
 * when there is none: never the owner's own unasked.
 */
export async function findRealCodex(): Promise<string | undefined> {
  const { env } = Deno;
  const finding = await findBinary({
    wanted: env.get("BAA_TEST_CODEX_BIN") ?? join(BIN, "codex"),
    path: completePath(`${env.get("PATH") ?? ""}:${BIN}`, env.get("HOME")),
  });
  if ("program" in finding) return finding.program;
  console.error(
    "Tests with the real Codex are ignored: run `deno task real-parts`",
  );
  return undefined;
}

/** Makes a CODEX_HOME of its own, whose only model is at `baseUrl`. */
export async function codexHome(
  folder: string,
  baseUrl: string,
): Promise<string> {
  const home = join(folder, "codex-home");
  await Deno.mkdir(home, { recursive: true, mode: 0o700 });
  await Deno.writeTextFile(
    join(home, "config.toml"),
    `model = "gpt-5.5"
model_provider = "scripted"

[model_providers.scripted]
name = "scripted"
base_url = "${baseUrl}"
wire_api = "responses"
request_max_retries = 1
stream_max_retries = 1
`,
  );
  return home;
}
