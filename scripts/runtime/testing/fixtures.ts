import type { Installation } from "../node/installation.ts";
import {
  chooseSettings,
  completeSettings,
  type Variables,
} from "../node/node_settings.ts";

/** An installation in `prefix` whose owner is not real. */
export function installationIn(
  prefix: string,
  options: {
    readonly settings?: Variables;
    readonly passedOn?: Variables;
    readonly scope?: Installation["scope"];
  } = {},
): Installation {
  return {
    prefix,
    scope: options.scope ?? "agent",
    owner: { name: "george", uid: 501, gid: 20, home: `${prefix}/home` },
    settings: completeSettings(
      chooseSettings({
        "mini.env": {
          BAA_NODE_ID: "mini-main",
          BAA_CONDUCTOR_LOCAL_API: "http://127.0.0.1:4317",
          BAA_CODEXD_LOCAL_API: "http://127.0.0.1:4319",
          ...options.settings,
        },
      }),
      {
        prefix,
        home: `${prefix}/home`,
        plists: [`${prefix}/home/Library/LaunchAgents/conductor.plist`],
        temporaryFolders: ["/tmp"],
        loginPath: "/opt/homebrew/bin:/usr/bin:/bin",
        passedOn: options.passedOn ?? {},
        codex: "/opt/homebrew/bin/codex",
      },
    ),
  };
}
