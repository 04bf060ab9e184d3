export { logsMini } from "./logs_mini.ts";
export { restartLaunchd, startLaunchd, stopLaunchd } from "./start_stop.ts";
export { statusLaunchd } from "./status_launchd.ts";
