import { codexdStatus } from "../../shared/contracts/codexd_routes.ts";
import { route } from "../deps.ts";

export const statusRoutes = [
  route({ ...codexdStatus, handler: ({ deps }) => deps.status() }),
];
