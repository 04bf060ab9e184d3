import { assertEquals, assertMatch, assertThrows } from "@std/assert";
import { AppError } from "../../../shared/errors.ts";
import { Platforms } from "./platforms.ts";
import { Targets } from "./targets.ts";

function createTargets(): Targets {
  const hosts = ["127.0.0.1:8080"];
  const platforms = new Platforms(
    ["site=127.0.0.1:8080|www.site.example", "gemini=gemini.example"],
    hosts,
  );
  return new Targets(platforms, { allowedHosts: hosts, ownHosts: [] });
}

Deno.test("Targets.resolve() finds the platform of an address", () => {
  const targets = createTargets();
  assertEquals(targets.resolve({ url: "https://claude.ai/new#top" }), {
    url: "https://claude.ai/new",
    platform: "claude",
  });
  assertEquals(
    targets.resolve({ url: "https://example.com:444/" }).platform,
    "example.com:444",
  );
  assertEquals(
    targets.resolve({ url: "https://www.site.example/" }).platform,
    "site",
  );
});

Deno.test("Targets.resolve() puts a platform and a path together", () => {
  const targets = createTargets();
  assertEquals(
    targets.resolve({ platform: "claude", path: "/api/x?y=1" }).url,
    "https://claude.ai/api/x?y=1",
  );
  assertEquals(
    targets.resolve({ platform: "site", path: "api" }).url,
    "http://127.0.0.1:8080/api",
  );
  assertEquals(
    targets.resolve({ platform: "gemini" }).url,
    "https://gemini.example/",
  );
});

Deno.test("Targets.resolve() refuses what names no target, and says which field", () => {
  const targets = createTargets();
  const cases = [
    [{}, "url"],
    [{ path: "/x" }, "url"],
    [{ url: "https://a.example/", path: "/x" }, "path"],
    [{ platform: "nowhere", path: "/" }, "platform"],
    [{ platform: "claude", path: "//evil.example/" }, "path"],
    [{ platform: "claude", path: "https://evil.example/" }, "path"],
    [{ platform: "claude", path: "\\\\evil.example/" }, "path"],
    [{ platform: "claude", url: "https://evil.example/" }, "url"],
    [{ url: "http://localhost/" }, "url"],
  ] as const;
  for (const [input, path] of cases) {
    const error = assertThrows(() => targets.resolve(input), AppError);
    assertEquals(error.code, "INVALID_INPUT");
    const [issue] = error.details?.issues as { readonly path: string }[];
    assertEquals(issue?.path, path, JSON.stringify(input));
  }
});

Deno.test("Targets.resolve() shows the whole address of a bare host", () => {
  for (
    const [url, shown] of [
      ["claude.ai", "https://claude.ai"],
      ["claude.ai/new?x=1", "https://claude.ai/new?x=1"],
      ["claude.ai:443/new", "https://claude.ai:443/new"],
      ["/api/me", undefined],
      ["ftp://claude.ai", undefined],
      ["me@claude.ai", undefined],
    ] as const
  ) {
    const { message, hint } = assertThrows(
      () => createTargets().resolve({ url }),
      AppError,
    );
    assertEquals(message.includes("must be absolute"), shown !== undefined);
    if (shown === undefined) continue;
    assertEquals(message.endsWith(`must be absolute: ${shown}`), true, message);
    assertEquals(hint?.includes(`{"url":"${shown}"}`), true, hint);
  }
});

Deno.test("Targets.resolve() says what may be reached where it refuses an address", () => {
  const error = assertThrows(
    () => createTargets().resolve({ url: "http://localhost/" }),
    AppError,
  );
  assertEquals(error.details?.allowed_hosts, ["127.0.0.1:8080"]);
  const [issue] = error.details?.issues as { readonly message: string }[];
  assertMatch(
    issue?.message ?? "",
    /BAA_BROWSER_HOSTS allows 127\.0\.0\.1:8080/,
  );
  assertMatch(error.hint ?? "", /policy\.allowed_hosts/);
});
