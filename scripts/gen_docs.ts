// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Writes the generated tables into the README files of the folders that they
 * are about: settings and routes of each daemon, and the error codes.
 *
 * Usage: deno run -A scripts/gen_docs.ts [--check]
 */
import { CODEXD_SETTINGS } from "../codexd/config.ts";
import { codexdRoutes } from "../codexd/routes/mod.ts";
import { CONDUCTOR_SETTINGS } from "../conductor/config.ts";
import { routes as conductorRoutes } from "../conductor/routes/mod.ts";
import { STATUS_API_SETTINGS } from "../conductor/status/api/mod.ts";
import { HOST_OP_ERRORS } from "../host_ops/mod.ts";
import type { Setting } from "../shared/config/mod.ts";
import { ERRORS } from "../shared/errors.ts";
import type { RouteInfo } from "../shared/http/mod.ts";

const ROOT = new URL("../", import.meta.url);

type Settings = Readonly<Record<string, Setting<unknown>>>;

/** What is generated: file → the name of a part → its text. */
function generated(): Readonly<
  Record<string, Readonly<Record<string, string>>>
> {
  return {
    "conductor/README.md": {
      configuration: settingTable({
        ...CONDUCTOR_SETTINGS,
        ...STATUS_API_SETTINGS,
      }),
      routes: routeTable(conductorRoutes),
    },
    "codexd/README.md": {
      configuration: settingTable(CODEXD_SETTINGS),
      routes: routeTable(codexdRoutes),
    },
    "shared/http/README.md": {
      errors: table(
        ["status", "code", "message", "retry", "what to do"],
        Object.entries(ERRORS).map(([code, it]) => [
          String(it.status),
          `\`${code}\``,
          it.message,
          it.retryable ? "yes" : "no",
          it.remedy,
        ]),
      ),
      "host operation errors": table(
        ["code", "means", "what to do"],
        Object.entries(HOST_OP_ERRORS).map(([code, it]) => [
          `\`${code}\``,
          it.meaning,
          it.remedy,
        ]),
      ),
    },
  };
}

function settingTable(settings: Settings): string {
  return table(
    ["variable", "default", "meaning"],
    Object.values(settings).map(({ variable, fallback, doc }) => [
      `\`${variable}\``,
      fallback === undefined ? "none" : `\`${fallback}\``,
      doc,
    ]),
  );
}

function routeTable(routes: readonly RouteInfo[]): string {
  return table(
    ["route", "id", "exposure", "scope", "does"],
    routes.map(({ method, path, id, exposure, scope, summary, produces }) => [
      `\`${produces === "websocket" ? "WS" : method} ${path}\``,
      `\`${id}\``,
      exposure,
      scope,
      summary,
    ]),
  );
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((it) => it.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(head), line(head.map(() => "---")), ...rows.map(line)].join(
    "\n",
  );
}

/** Replaces what stands between the markers of each part. */
function withGenerated(
  text: string,
  parts: Readonly<Record<string, string>>,
): string {
  return Object.entries(parts).reduce((result, [name, content]) => {
    const begin = `<!-- generated: ${name} -->`;
    const [from, to] = [
      result.indexOf(begin),
      result.indexOf(`<!-- end: ${name} -->`),
    ];
    if (from === -1 || to < from) {
      throw new Error(`Cannot write the part "${name}": no markers for it`);
    }
    return `${result.slice(0, from)}${begin}\n\n${content}\n\n${
      result.slice(to)
    }`;
  }, text);
}

/** Markdown as `deno fmt` wants it. */
async function formatted(markdown: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext", "md", "-"],
    stdin: "piped",
    stdout: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(markdown));
  await writer.close();
  const { stdout } = await child.output();
  return new TextDecoder().decode(stdout);
}

if (import.meta.main) {
  for (const [file, parts] of Object.entries(generated())) {
    const path = new URL(file, ROOT);
    const before = await Deno.readTextFile(path);
    const after = await formatted(withGenerated(before, parts));
    if (after === before) continue;
    if (Deno.args.includes("--check")) {
      console.error(`${file} is out of date: run deno task docs`);
      Deno.exitCode = 1;
    } else await Deno.writeTextFile(path, after);
  }
}
