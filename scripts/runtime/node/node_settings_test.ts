import { assertEquals } from "@std/assert";
import {
  chooseSettings,
  completeSettings,
  readSettingsFile,
  settingsIn,
  toRemember,
} from "./node_settings.ts";

const FOUND = {
  prefix: "/Users/george/baa",
  home: "/Users/george",
  plists: ["/Users/george/Library/LaunchAgents/a.plist"],
  temporaryFolders: ["/tmp"],
  loginPath: "/usr/bin:/bin",
  passedOn: {},
  codex: undefined,
};

Deno.test("mini.env holds the owner's node", async () => {
  const text = await Deno.readTextFile(new URL("../mini.env", import.meta.url));
  const { values, problems } = readSettingsFile(text, "mini.env");
  assertEquals(problems, []);
  assertEquals(values, {
    BAA_NODE_ID: "mini-main",
    BAA_CONDUCTOR_HOST: "mini",
    BAA_CONDUCTOR_LOCAL_API: "http://100.71.210.78:4317",
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.makefile.so",
    BAA_CODEXD_LOCAL_API: "http://127.0.0.1:4319",
  });
});

Deno.test("readSettingsFile() names every line that nothing reads", () => {
  const { problems } = readSettingsFile(
    "# fine\nBAA_NODE_ID=a\nBAA_NODEID=b\nnonsense\n\nexport BAA_LOG_LEVEL=info\n",
    "mini.env",
  );
  assertEquals(problems, [
    "mini.env, line 3, sets BAA_NODEID, which nothing reads",
    "mini.env, line 4, is not a line of the form NAME=value",
  ]);
});

Deno.test("chooseSettings() lets the stronger source win and an empty value take away", () => {
  const chosen = chooseSettings({
    "mini.env": { BAA_NODE_ID: "file", BAA_CONDUCTOR_HOST: "mini" },
    "the environment": { BAA_NODE_ID: "env", BAA_CONDUCTOR_HOST: "" },
    "a flag": { BAA_LOG_LEVEL: "debug" },
  });
  assertEquals(Object.fromEntries(chosen), {
    BAA_NODE_ID: { value: "env", from: "the environment" },
    BAA_LOG_LEVEL: { value: "debug", from: "a flag" },
  });
});

Deno.test("settingsIn() picks what the product reads out of an environment", () => {
  assertEquals(
    settingsIn({ BAA_NODE_ID: "a", BAA_UNKNOWN: "b", PATH: "/bin" }),
    { BAA_NODE_ID: "a" },
  );
});

Deno.test("completeSettings() adds folders, roots and PATH beneath what was chosen", () => {
  const settings = completeSettings(
    chooseSettings({
      "a flag": { BAA_CONDUCTOR_LOCAL_API: "http://100.71.210.78:4317" },
      "mini.env": { BAA_LOGS_DIR: "/var/log/baa" },
    }),
    FOUND,
  );
  assertEquals(
    Object.fromEntries([...settings].map(([name, it]) => [name, it.value])),
    {
      BAA_STATE_DIR: "/Users/george/baa/state",
      BAA_LOGS_DIR: "/var/log/baa",
      BAA_TMP_DIR: "/Users/george/baa/tmp",
      BAA_HOST_OPS_READ_ROOTS: "/Users/george:/tmp",
      BAA_HOST_OPS_WRITE_ROOTS: "/Users/george:/tmp",
      BAA_HOST_OPS_LEFT_OUT:
        "/Users/george/baa/bin:/Users/george/Library/LaunchAgents/a.plist",
      BAA_EXEC_PATH: "/usr/bin:/bin",
      BAA_CONDUCTOR_LOCAL_API: "http://100.71.210.78:4317",
      BAA_STATUS_API: "http://100.71.210.78:4318",
    },
  );
});

Deno.test("toRemember() keeps what came from flags and environment, now or before", () => {
  const remembered = toRemember({
    "mini.env": { BAA_NODE_ID: "a" },
    "the last install": { BAA_ALLOW_UNAUTHENTICATED_LAN: "1" },
    "the environment": { BAA_LOG_LEVEL: "debug" },
  });
  assertEquals(remembered, {
    BAA_ALLOW_UNAUTHENTICATED_LAN: "1",
    BAA_LOG_LEVEL: "debug",
  });
});

Deno.test("toRemember() keeps an emptied setting empty, until it is given again", () => {
  const file = { BAA_CONDUCTOR_PUBLIC_API_BASE: "https://published.example" };
  const remembered = toRemember({
    "mini.env": file,
    "the environment": { BAA_CONDUCTOR_PUBLIC_API_BASE: "" },
  });
  const later = { "mini.env": file, "the last install": remembered };
  assertEquals(chooseSettings(later).size, 0);
  const again = {
    ...later,
    "a flag": { BAA_CONDUCTOR_PUBLIC_API_BASE: "https://mini.example" },
  };
  assertEquals(toRemember(again), again["a flag"]);
});

Deno.test("completeSettings() moves codexd's socket only when its usual place cannot be one", () => {
  const socketIn = (prefix: string) =>
    completeSettings(new Map(), { ...FOUND, prefix }).get("BAA_CODEXD_SOCKET");
  assertEquals(socketIn("/Users/george/baa"), undefined);
  const moved = {
    value: "/Users/george/.baa-conductor/codexd.sock",
    from: "the installer",
  } as const;
  assertEquals(socketIn(`/Users/george/${"long".repeat(20)}`), moved);
  assertEquals(socketIn("/Users/george/a, b"), moved);
});
