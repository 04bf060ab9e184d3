export { type Automation, composeAutomation } from "./automation.ts";
export { DetachedExec, type PendingExec } from "./detached_exec.ts";
export { execKind } from "./exec_kind.ts";
export { OutputSpace } from "./output_space.ts";
export { RunOutputService } from "./run_output_service.ts";
export { RunOutputs } from "./run_outputs.ts";
export { SystemService, UPGRADE } from "./system_service.ts";
export {
  failedRun,
  type RunContext,
  succeededRun,
  type TaskKind,
  taskKinds,
} from "./task_kind.ts";
export { TaskLogService } from "./task_log_service.ts";
export { TaskService } from "./task_service.ts";
