import { codexdStatus } from "../../shared/contracts/mod.ts";
import { route } from "../deps.ts";

export const statusRoutes = [
  route({ ...codexdStatus, handler: ({ deps }) => deps.status() }),
];
