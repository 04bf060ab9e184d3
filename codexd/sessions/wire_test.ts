import { assertEquals } from "@std/assert";
import { snakeCase } from "./wire.ts";

Deno.test("snakeCase() renames keys at every depth and leaves values", () => {
  assertEquals(
    snakeCase({
      exitCode: 0,
      commandActions: [{ type: "listFiles", path: null }],
      inputTokensDetails: { cachedTokens: 1 },
    }),
    {
      exit_code: 0,
      command_actions: [{ type: "listFiles", path: null }],
      input_tokens_details: { cached_tokens: 1 },
    },
  );
});

Deno.test("snakeCase() leaves a tool's own data alone", () => {
  assertEquals(
    snakeCase({ toolName: "x", arguments: { someKey: 1 }, result: { aB: 2 } }),
    { tool_name: "x", arguments: { someKey: 1 }, result: { aB: 2 } },
  );
});
