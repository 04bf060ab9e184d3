// deno-lint-ignore-file no-console -- a script talks to a terminal
/**
 * Writes the generated parts of README.md: the configuration table and the
 * route list, from the settings and the catalogs.
 *
 * Usage: deno run -A scripts/gen_docs.ts [--check]
 */
import { routes as codexdRoutes } from "../codexd/routes/mod.ts";
import { routes as conductorRoutes } from "../conductor/routes/mod.ts";
import { type Setting, SETTINGS } from "../shared/config/mod.ts";
import type { RouteInfo } from "../shared/http/mod.ts";

/** Returns the configuration table. */
export function configTable(): string {
  const settings: readonly Setting<unknown>[] = Object.values(SETTINGS);
  return table(
    ["variable", "default", "meaning"],
    settings.map(({ variable, fallback, doc }) => [
      `\`${variable}\``,
      fallback === undefined ? "none" : `\`${fallback}\``,
      doc,
    ]),
  );
}

/** Returns the route list of a daemon. */
export function routeTable(routes: readonly RouteInfo[]): string {
  return table(
    ["route", "id", "exposure", "does"],
    routes.map(({ method, path, id, exposure, summary, produces }) => [
      `\`${produces === "websocket" ? "WS" : method} ${path}\``,
      `\`${id}\``,
      exposure,
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
export function withGenerated(
  text: string,
  parts: Readonly<Record<string, string>>,
): string {
  return Object.entries(parts).reduce((result, [name, content]) => {
    const [begin, end] = [
      `<!-- generated: ${name} -->`,
      `<!-- end: ${name} -->`,
    ];
    const [from, to] = [result.indexOf(begin), result.indexOf(end)];
    if (from === -1 || to < from) {
      throw new Error(`Cannot write the part "${name}": no markers for it`);
    }
    return `${result.slice(0, from)}${begin}\n\n${content}\n\n${
      result.slice(to)
    }`;
  }, text);
}

if (import.meta.main) {
  const readme = new URL("../README.md", import.meta.url);
  const before = await Deno.readTextFile(readme);
  const written = withGenerated(before, {
    configuration: configTable(),
    "conductor routes": routeTable(conductorRoutes),
    "codexd routes": routeTable(codexdRoutes),
  });
  const after = await formatted(written);
  if (Deno.args.includes("--check")) {
    if (after !== before) {
      console.error("README.md is out of date: run deno task docs");
      Deno.exit(1);
    }
  } else await Deno.writeTextFile(readme, after);
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
