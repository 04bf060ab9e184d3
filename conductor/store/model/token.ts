import { z } from "zod";
import { SCOPES } from "../../../shared/http/mod.ts";

/** Names that stand for somebody without a token of his own. */
const RESERVED = [
  "owner",
  "local",
  "anonymous",
  "conductor",
  "codexd",
  "scheduler",
  "extension",
  "system",
  "daemon",
  "status-api",
];

const Scopes = z.array(z.enum(SCOPES)).min(1)
  .refine((it) => new Set(it).size === it.length, "must not repeat a scope")
  .describe(
    "read, automate, files, exec, codex, browser, admin: admin implies the others, each other one read.",
  );

/** What `POST /v1/tokens` takes. */
export const NewToken = z.strictObject({
  name: z.string()
    .regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      "must be 1 to 64 of A-Z a-z 0-9 . _ -, the first a letter or digit",
    )
    .refine(
      (it) => !RESERVED.includes(it.toLowerCase()),
      `must not be one of ${RESERVED.join(", ")}`,
    )
    .describe("Who it is in logs and audit; not another token's."),
  scopes: Scopes,
  expires_at: z.iso.datetime({ offset: true }).nullish()
    .describe(
      "At most the expiry of the token that makes it, which is the default; the owner may leave it out, or give null: never.",
    ),
});
export type NewToken = z.infer<typeof NewToken>;

/** A named token, without its secret. */
export const NamedToken = z.strictObject({
  token_id: z.string(),
  name: z.string(),
  scopes: Scopes,
  created_at: z.iso.datetime(),
  created_by: z.string(),
  expires_at: z.iso.datetime().nullable(),
});
export type NamedToken = z.infer<typeof NamedToken>;
