// deno-lint-ignore-file no-console -- tells why a test is ignored
import { exists } from "@std/fs";
import { join } from "@std/path";
import { assertEquals } from "@std/assert";
import { z } from "zod";
import { mcpRoutes } from "../../conductor/routes/mcp.ts";
import { systemClock } from "../../shared/clock.ts";
import { AppError } from "../../shared/errors.ts";
import { type Route, routeFor } from "../../shared/http/mod.ts";
import { tempDir } from "../../shared/testing/fakes.ts";
import { type KitDeps, startKitApp } from "../../shared/testing/kit_app.ts";
import { pause } from "../../shared/testing/until.ts";
import { REAL_PARTS } from "../real_parts.ts";

const SUITE = join(
  REAL_PARTS,
  "node_modules/@modelcontextprotocol/conformance/dist/index.js",
);
const isThere = await exists(SUITE);
if (!isThere) {
  console.error("MCP conformance is ignored: run `deno task real-parts`");
}

const diagnostic = {
  method: "GET",
  kind: "read",
  surface: "common",
  exposure: "local",
  scope: "read",
} as const;
const route = routeFor<KitDeps>();

/** The tools that the suite calls, as routes of an app that only this test has. */
const DIAGNOSTICS = [
  route({
    ...diagnostic,
    id: "test.simple.text",
    path: "/test/text",
    produces: "text",
    summary: "Answer text",
    data: z.string(),
    handler: () => "This is a simple text response for testing.",
  }),
  route({
    ...diagnostic,
    id: "test.error.handling",
    path: "/test/error",
    summary: "Fail",
    data: z.never(),
    errors: ["CONFLICT"],
    handler() {
      throw new AppError(
        "CONFLICT",
        "This tool intentionally returns an error for testing",
      );
    },
  }),
  route({
    ...diagnostic,
    id: "test.tool.with.progress",
    path: "/test/progress",
    summary: "Take as long as it takes to tell of progress three times",
    data: z.object({ done: z.boolean() }),
    async handler() {
      await pause(3500);
      return { done: true };
    },
  }),
  ...mcpRoutes as unknown as readonly Route<KitDeps>[],
];

/** What the routes of MCP need of a daemon. */
const DEPS: object = { clock: systemClock };

/** What the suite asks of others: each part of a scenario's name, and why it is not for us. */
const NOT_OURS: Readonly<Record<string, string>> = {
  "resources-": "there are no resources",
  "prompts-": "there are no prompts",
  "completion-complete": "nothing is completed",
  "logging-set-level": "what a tool logs is in the audit and its task's log",
  "tools-call-with-logging": "as logging-set-level",
  "tools-call-image": "tools answer text and structured content",
  "tools-call-audio": "as tools-call-image",
  "tools-call-embedded-resource": "as tools-call-image",
  "tools-call-mixed-content": "as tools-call-image",
  "tools-call-sampling": "a tool asks nothing of its client",
  "tools-call-elicitation": "as tools-call-sampling",
  "elicitation-": "as tools-call-sampling",
  "input-required-result-": "as tools-call-sampling",
  "tasks-": "long work is a task of conductor's own, not of the extension",
  "json-schema-2020-12": "wants one schema told as it is: ours come of routes",
  "http-custom-header": "no argument of a tool is sent as a header",
};

/** Checks within a scenario of ours that need what is not ours. */
const NOT_OUR_CHECKS: ReadonlySet<string> = new Set([
  "sep-2549-prompts-list-caching-hints",
  "sep-2549-resources-list-caching-hints",
  "sep-2549-resources-templates-list-caching-hints",
  // They call tools that ask or log.
  "sep-2575-server-rejects-undeclared-capability",
  "sep-2575-missing-capability-http-400",
  "sep-2575-http-server-no-independent-requests-on-stream",
  "sep-2575-server-no-log-without-loglevel",
]);

const OURS = {
  "2026-07-28": [
    "server-stateless",
    "tools-list",
    "tools-call-simple-text",
    "tools-call-error",
    "tools-call-with-progress",
    "server-sse-multiple-streams",
    "sep-2164-resource-not-found",
    "dns-rebinding-protection",
    "caching",
    "http-header-validation",
  ],
  "2025-11-25": [
    "server-initialize",
    "ping",
    "tools-list",
    "tools-call-simple-text",
    "tools-call-error",
    "tools-call-with-progress",
    "server-sse-multiple-streams",
    "dns-rebinding-protection",
    "server-session-lifecycle",
    "server-sse-polling",
  ],
};

for (const [revision, ours] of Object.entries(OURS)) {
  Deno.test({
    name: `the official conformance suite passes in what is ours, ${revision}`,
    ignore: !isThere,
    async fn() {
      await using app = startKitApp({ routes: DIAGNOSTICS, deps: DEPS });
      await using folder = await tempDir();
      await new Deno.Command(Deno.execPath(), {
        args: [
          ...["run", "-A", "--no-config", "--no-lock"],
          ...["--node-modules-dir=manual", SUITE, "server"],
          ...["--url", `http://127.0.0.1:${app.port}/mcp?tools=all`],
          ...["--requirements", revision, "-o", folder.path],
        ],
        cwd: REAL_PARTS,
        stdout: "null",
        stderr: "null",
      }).output();
      const passed: string[] = [];
      const failed: string[] = [];
      for await (const { name } of Deno.readDir(folder.path)) {
        const scenario = name.replace(/^server-|-\d{4}-\d\d-\d\dT.*$/g, "");
        if (
          !ours.includes(scenario) &&
          Object.keys(NOT_OURS).some((it) => scenario.startsWith(it))
        ) continue;
        passed.push(scenario);
        const text = await Deno.readTextFile(
          join(folder.path, name, "checks.json"),
        );
        for (const { id, status, errorMessage } of JSON.parse(text)) {
          if (status !== "FAILURE" || NOT_OUR_CHECKS.has(id)) continue;
          failed.push(`${scenario}: ${id}: ${errorMessage}`);
        }
      }
      assertEquals(failed, []);
      assertEquals(passed.sort(), [...ours].sort());
    },
  });
}
