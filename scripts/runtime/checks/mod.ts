export * from "./check_commands.ts";
export { knowsToken, tokenOf } from "./knows_token.ts";
export { machineChecks } from "./machine_checks.ts";
export { otherInstallChecks } from "./other_install_check.ts";
