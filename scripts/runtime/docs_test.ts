import { assert, assertEquals } from "@std/assert";
import { exists } from "@std/fs";
import { fromFileUrl } from "@std/path";
import config from "../../deno.json" with { type: "json" };
import { SETTINGS } from "../../shared/config/settings.ts";
import { PINNED_DENO } from "./checks/machine_checks.ts";
import { readTemplate } from "./launchd/job.ts";
import { SERVICE_NAMES, SERVICES } from "./node/services.ts";

const HERE = fromFileUrl(new URL("./", import.meta.url));
const PAGES = [
  "README.md",
  "layout.md",
  "environment.md",
  "launchd.md",
  "node-verification.md",
];
/** About what fits on a printed page. */
const LINES_OF_A_PAGE = 75;

const texts = new Map<string, string>();
for (const page of PAGES) {
  texts.set(page, await Deno.readTextFile(HERE + page));
}
const all = [...texts.values()].join("\n");

function page(name: string): string {
  return texts.get(name) ?? "";
}

Deno.test("each page of the runtime fits on a page", () => {
  for (const [name, text] of texts) {
    assert(text.split("\n").length <= LINES_OF_A_PAGE, name);
  }
});

Deno.test("the runtime's pages name only what exists", async () => {
  for (const [, target = ""] of all.matchAll(/\]\((\.[^)#]*)(?:#[^)]*)?\)/g)) {
    assert(await exists(HERE + target), target);
  }
  for (const [, script = ""] of all.matchAll(/([a-z0-9-]+\.sh)\b/g)) {
    assert(await exists(HERE + script), script);
  }
  for (const [, task = ""] of all.matchAll(/deno\s+task\s+([a-z:-]+)/g)) {
    assert(task in config.tasks, task);
  }
  const variables = new Set<string>(
    Object.values(SETTINGS).map((it) => it.variable),
  );
  for (const [variable] of all.matchAll(/BAA_[A-Z_]*[A-Z]/g)) {
    assert(variables.has(variable), variable);
  }
});

Deno.test("README.md names every service by its label", () => {
  for (const name of SERVICE_NAMES) {
    assert(page("README.md").includes(`\`${SERVICES[name].label}\``), name);
  }
});

Deno.test("launchd.md explains each key of the template, with its value", async () => {
  const template = await readTemplate();
  const rows = page("launchd.md").matchAll(/^\| `(\w+)` +\| ([^|]+?) +\|/gm);
  const said = new Map([...rows].map(([, key, value]) => [key, value]));
  assertEquals([...said.keys()].sort(), Object.keys(template).sort());
  for (const key of ["ThrottleInterval", "ExitTimeOut", "ProcessType"]) {
    assertEquals(said.get(key), String(template[key]));
  }
});

Deno.test("every place names the same Deno", async () => {
  const launcher = await Deno.readTextFile(`${HERE}with-deno.sh`);
  assert(launcher.includes(`pinned=${PINNED_DENO}\n`));
});
