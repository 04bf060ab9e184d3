export { installMini } from "./install_mini.ts";
export { takeUpRestores } from "./restore_left_overs.ts";
export { restoreMini } from "./restore_mini.ts";
export { uninstallMini } from "./uninstall_mini.ts";
