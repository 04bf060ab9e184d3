import { describeRoutes, probeRoutes } from "../../shared/daemon/mod.ts";
import type { Route } from "../../shared/http/mod.ts";
import type { Deps } from "../deps.ts";
import { auditRoutes } from "./audit.ts";
import { backupRoutes } from "./backup.ts";
import { browserRoutes } from "./browser.ts";
import { capabilities, capabilityRoutes } from "./capabilities.ts";
import { claudeRoutes } from "./claude_legacy.ts";
import { codexRoutes } from "./codex.ts";
import { controllerRoutes } from "./controllers.ts";
import { eventRoutes } from "./events.ts";
import { firefoxSocketRoutes } from "./firefox_socket.ts";
import { hostRoutes } from "./host.ts";
import { roleRoutes } from "./role.ts";
import { runRoutes } from "./runs.ts";
import { statusRoutes } from "./status.ts";
import { systemRoutes } from "./system.ts";
import { taskLogRoutes } from "./task_logs.ts";
import { taskRoutes } from "./tasks.ts";

/** The table of contents of conductor's API. */
export const routes: readonly Route<Deps>[] = [
  ...describeRoutes<Deps>({ capabilities }),
  ...capabilityRoutes,
  ...probeRoutes<Deps>(),
  ...roleRoutes,
  ...systemRoutes,
  ...statusRoutes,
  ...controllerRoutes,
  ...taskRoutes,
  ...taskLogRoutes,
  ...runRoutes,
  ...hostRoutes,
  ...codexRoutes,
  ...browserRoutes,
  ...claudeRoutes,
  ...firefoxSocketRoutes,
  ...eventRoutes,
  ...auditRoutes,
  ...backupRoutes,
];
