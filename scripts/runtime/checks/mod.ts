export * from "./check_commands.ts";
export { machineChecks } from "./machine_checks.ts";
