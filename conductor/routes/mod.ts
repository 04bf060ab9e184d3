import { describeRoutes, probeRoutes } from "../../shared/daemon/mod.ts";
import type { Route } from "../../shared/http/mod.ts";
import type { Deps } from "../deps.ts";
import { browserRoutes } from "./browser.ts";
import { capabilityRoutes } from "./capabilities.ts";
import { claudeRoutes } from "./claude_legacy.ts";
import { codexRoutes } from "./codex.ts";
import { codexApprovalRoutes } from "./codex_approvals.ts";
import { controllerRoutes } from "./controllers.ts";
import { firefoxSocketRoutes } from "./firefox_socket.ts";
import { hostRoutes } from "./host.ts";
import { logRoutes } from "./logs.ts";
import { mcpRoutes } from "./mcp.ts";
import { notifyRoutes } from "./notify.ts";
import { recordRoutes } from "./record.ts";
import { runRoutes } from "./runs.ts";
import { scheduleRoutes } from "./schedules.ts";
import { statusRoutes } from "./status.ts";
import { statusApprovalRoutes } from "./status_approvals.ts";
import { statusPageRoutes } from "./status_pages.ts";
import { statusSessionRoutes } from "./status_session.ts";
import { systemRoutes } from "./system.ts";
import { taskLogRoutes } from "./task_logs.ts";
import { taskMoveRoutes } from "./task_moves.ts";
import { taskRoutes } from "./tasks.ts";
import { tokenRoutes } from "./tokens.ts";

/** The table of contents of conductor's API. */
export const routes: readonly Route<Deps>[] = [
  ...describeRoutes<Deps>(),
  ...capabilityRoutes,
  ...probeRoutes<Deps>(),
  ...systemRoutes,
  ...statusRoutes,
  ...statusPageRoutes,
  ...statusSessionRoutes,
  ...statusApprovalRoutes,
  ...controllerRoutes,
  ...taskRoutes,
  ...taskMoveRoutes,
  ...taskLogRoutes,
  ...runRoutes,
  ...scheduleRoutes,
  ...hostRoutes,
  ...codexRoutes,
  ...codexApprovalRoutes,
  ...browserRoutes,
  ...claudeRoutes,
  ...firefoxSocketRoutes,
  ...recordRoutes,
  ...logRoutes,
  ...tokenRoutes,
  ...notifyRoutes,
  ...mcpRoutes,
];
