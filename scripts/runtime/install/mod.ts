export { installMini } from "./install_mini.ts";
