import { z } from "zod";
import { Reply } from "../../shared/http/mod.ts";
import { route } from "../deps.ts";
import { failurePage, RETURN_TO } from "../status/mod.ts";

/** What the pages and forms of people have in common. */
export const OWNERS_PAGE = {
  surface: "business",
  exposure: "local",
  failurePage,
} as const;

/** How a person signs in to the pages, and out. */
export const statusSessionRoutes = [
  route({
    ...OWNERS_PAGE,
    id: "status.session",
    method: "POST",
    path: "/v1/status/session",
    kind: "write",
    scope: "admin",
    // The owner's token comes in the form.
    tokenless: true,
    answersInOutage: true,
    form: true,
    summary: "Sign a person in to the status pages, or out",
    notes: [
      "A form of the pages: with the daemon's own Origin only. token is the shared one; named tokens open no session. Or sign_out=1.",
      "The answer leads on to return_to, with a cookie that counts on /v1/status/ui/* and the approvals form alone, for 12 hours or until the token is changed.",
    ],
    body: z.strictObject({
      token: z.string().trim().min(1).max(4096).optional(),
      sign_out: z.literal("1").optional(),
      return_to: z.string()
        .refine((it) => RETURN_TO.test(it), "must be a path of the pages")
        .default("/v1/status/ui"),
    }).refine(
      ({ token, sign_out }) =>
        (token === undefined) !== (sign_out === undefined),
      { path: ["token"], message: "give token, or sign_out" },
    ),
    data: z.object({ signed_in: z.boolean() }),
    status: [303],
    errors: ["CONFLICT"],
    example: { body: { token: "$BAA_SHARED_TOKEN" } },
    unavailable: ({ sessions }) => sessions.unavailable,
    auditsItself: ["status.session"],
    async handler(context) {
      const { deps: { sessions }, body: { token, return_to } } = context;
      const cookie = token === undefined
        ? await sessions.end(context.headers.get("cookie"), context)
        : await sessions.open(token, context);
      return new Reply({ signed_in: token !== undefined }, {
        headers: { location: return_to, "set-cookie": cookie },
      });
    },
  }),
];
