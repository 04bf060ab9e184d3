import { Backup } from "../store/mod.ts";
import { route } from "../deps.ts";

export const backupRoutes = [
  route({
    id: "system.backup",
    method: "POST",
    path: "/v1/system/backup",
    kind: "write",
    surface: "control",
    exposure: "local",
    summary: "Write a consistent copy of the database while everything goes on",
    notes: [
      "The copy is one file in the state folder's backups. To restore it, stop conductor and put it in the database's place.",
    ],
    data: Backup,
    errors: ["CONFLICT", "NOT_READY"],
    handler: ({ deps }) => deps.backups.create(),
  }),
];
