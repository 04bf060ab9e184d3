export {
  checkLaunchd,
  checkNode,
  doctor,
  verifyMini,
} from "./check_commands.ts";
export { machineChecks } from "./machine_checks.ts";
