export { installMini } from "./install_mini.ts";
export { restoreMini } from "./restore_mini.ts";
export { uninstallMini } from "./uninstall_mini.ts";
