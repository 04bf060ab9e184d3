import { z } from "zod";
import { isoTime } from "../../shared/clock.ts";
import { codexdStatus, listSessions } from "../../shared/contracts/mod.ts";
import { curl } from "../../shared/describe/mod.ts";
import { AppError, messageOf } from "../../shared/errors.ts";
import { Reply, type RouteContext } from "../../shared/http/mod.ts";
import {
  approvalForms,
  auditPage,
  browserPage,
  codexPage,
  type CodexReading,
  FORM_PAGE_HEADERS,
  nodePage,
  type PrintedEnd,
  schedulesPage,
  taskPage,
  tasksPage,
  Unread,
} from "../status/mod.ts";
import { TaskStatus } from "../store/mod.ts";
import { type Deps, route } from "../deps.ts";
import { taskMoveRoutes } from "./task_moves.ts";
import { holderOf } from "./status_approvals.ts";
import { OWNERS_PAGE } from "./status_session.ts";

const LIMIT = 50;
/** Of what a page holds beside other things. */
const FEW = 20;
const LOG_LINES = 200;
const OUTPUT_BYTES = 16_384;
/** A codexd that is slow must not keep the page from coming. */
const CODEXD_MS = 2000;
/** A long trail is followed on behind, and the page tells how far it is. */
const VERIFY_MS = 1000;

/** A form gives what was left out as nothing. */
const given = z.string().max(100)
  .transform((it) => it === "" ? undefined : it).optional();
const Query = z.strictObject({
  status: TaskStatus.optional(),
  kind: given,
  label: given,
  cursor: given,
  done: given,
});
type Query = z.output<typeof Query>;

type Context = RouteContext<Deps, string, typeof Query>;

/** What makes each page. */
const MAKERS = {
  tasks(context) {
    const { deps, query } = context;
    const { cursor, ...filter } = query;
    const tasks = read(() => deps.tasks.list(filter, { limit: LIMIT, cursor }));
    return tasksPage(tasks, { query, ...readerOf(context) });
  },
  schedules(context) {
    const { deps, query: { cursor } } = context;
    const { now, isSignedIn } = readerOf(context);
    const day = read(() => deps.schedules.nextDay(now));
    return schedulesPage({
      status: {
        schedules: day instanceof Unread ? null : day,
        at: isoTime(now),
      },
      list: read(() => deps.schedules.list({ limit: FEW, cursor })),
      cursor,
      now,
      isSignedIn,
    });
  },
  async codex(context) {
    const { deps: { codex, formKeys }, query } = context;
    const { away, condition } = codex.health;
    const reading = away === undefined
      ? await later(codexReading(context))
      : new Unread(away);
    return codexPage({
      state: condition.state,
      reading,
      told: query.done && formKeys.told(query.done, holderOf(context)),
      ...readerOf(context),
    });
  },
  browser(context) {
    const view = read(() => context.deps.browser.viewer.view({}));
    return browserPage({ view, ...readerOf(context) });
  },
  async audit(context) {
    const { deps, query: { cursor } } = context;
    const { audit, auditVerifier, backups } = deps;
    const rows = read(() => audit.list({}, { limit: LIMIT, cursor }));
    return auditPage({
      rows,
      look: await auditVerifier.look(VERIFY_MS),
      backup: backups.list()[0],
      cursor,
      ...readerOf(context),
    });
  },
  async node(context) {
    const { deps } = context;
    const { backups, controllers, status, tokens } = deps;
    return nodePage({
      status: await status.full(),
      tokens: read(() => tokens.list({ limit: LIMIT }).items),
      controllers: read(() => controllers({ limit: FEW }).items),
      backups: backups.list(),
      attack: await deps.lastAttack(),
      memoryBytes: Deno.memoryUsage().rss,
      ...readerOf(context),
    });
  },
} as const satisfies Record<
  string,
  (context: Context) => string | Promise<string>
>;

/** What each page says of its reader. */
function readerOf({ deps, session }: Pick<Context, "deps" | "session">) {
  return { now: deps.clock.now(), isSignedIn: session !== undefined };
}

async function codexReading(context: Context): Promise<CodexReading> {
  const { deps: { codex: { api }, clock, formKeys } } = context;
  const signal = AbortSignal.any([
    context.signal,
    AbortSignal.timeout(CODEXD_MS),
  ]);
  const [status, sessions] = await Promise.all([
    api.call(codexdStatus, { query: { usage_by: "day" } }, { signal }),
    api.call(listSessions, { query: { limit: String(FEW) } }, { signal }),
  ]);
  const approvals = approvalForms(status.approvals.items, {
    issue: (purpose) => formKeys.issue(holderOf(context), purpose),
    now: clock.now(),
  });
  return { status, sessions, approvals };
}

/** Reads what may be out of reach. @throws {AppError} for what was asked wrongly */
function read<T>(reading: () => T): T | Unread {
  try {
    return reading();
  } catch (error) {
    const isWrong = error instanceof AppError &&
      ["INVALID_INPUT", "NOT_FOUND"].includes(error.code);
    if (isWrong) throw error;
    return new Unread(messageOf(error));
  }
}

async function later<T>(reading: Promise<T>): Promise<T | Unread> {
  return await reading.catch((error) => new Unread(messageOf(error)));
}

function pageReply(html: string): Reply<string> {
  return new Reply(html, { headers: FORM_PAGE_HEADERS });
}

/** The end of each output of a command's run; nothing for what is none. */
async function outputsOf(
  runId: string | undefined,
  { deps: { runOutputs }, signal }: Pick<Context, "deps" | "signal">,
): Promise<readonly PrintedEnd[] | Unread> {
  if (runId === undefined) return [];
  const tail = async (stream: "stdout" | "stderr") => {
    const part = { stream, waitMs: 0, signal };
    const { size_bytes: sizeBytes } = await runOutputs.read(runId, {
      ...part,
      offset: 0,
      maxBytes: 1,
    });
    const end = await runOutputs.read(runId, {
      ...part,
      offset: Math.max(0, sizeBytes - OUTPUT_BYTES),
      maxBytes: OUTPUT_BYTES,
    });
    // A character may be cut in two at the start.
    const text = "content" in end
      ? end.content
      : new TextDecoder().decode(Uint8Array.fromBase64(end.content_base64));
    return { stream, text, sizeBytes };
  };
  try {
    return await Promise.all([tail("stdout"), tail("stderr")]);
  } catch (error) {
    return new Unread(messageOf(error));
  }
}

function retryLine(taskId: string, context: RouteContext<Deps>) {
  const retry = taskMoveRoutes.find((it) => it.id === "tasks.retry");
  return retry && curl(retry, {
    ...context.deps.self.curlOptions(context),
    exampleValues: { ended_task_id: taskId },
  });
}

const common = {
  ...OWNERS_PAGE,
  method: "GET",
  kind: "read",
  scope: "admin",
  answersInOutage: true,
  navigable: true,
  session: true,
  produces: "html",
  data: z.string(),
} as const;

/** The owner's pages. */
export const statusPageRoutes = [
  route({
    ...common,
    id: "status.page",
    path: "/v1/status/ui/:page",
    summary: "Show a person one of the owner's pages",
    notes: [`page: ${Object.keys(MAKERS).join(", ")}.`],
    query: Query,
    example: { params: { page: "tasks" } },
    async handler(context) {
      const { page } = context.params;
      if (Object.hasOwn(MAKERS, page)) {
        return pageReply(await MAKERS[page as keyof typeof MAKERS](context));
      }
      throw new AppError("NOT_FOUND", "Cannot find this page", {
        hint: `The pages are ${Object.keys(MAKERS).join(", ")}. Programs ` +
          "read GET /v1/status, GET /v1/tasks and the like: see GET /describe.",
      });
    },
  }),
  route({
    ...common,
    id: "status.page.task",
    path: "/v1/status/ui/tasks/:task_id",
    summary: "Show a person a task: runs, log, output",
    example: { params: { task_id: "{task_id}" } },
    async handler(context) {
      const { deps, params: { task_id } } = context;
      const task = read(() => deps.tasks.get(task_id));
      if (task instanceof Unread) {
        throw new AppError("NOT_READY", task.why);
      }
      const lines = { tail: LOG_LINES, limit: LOG_LINES };
      return pageReply(taskPage({
        task,
        runs: read(() => deps.runs.list({ task_id }, { limit: FEW }).items),
        log: read(() => deps.taskLogs.read(task_id, lines).items),
        outputs: task.kind === "exec"
          ? await outputsOf(task.latest_run?.run_id, context)
          : [],
        retry: retryLine(task_id, context),
        ...readerOf(context),
      }));
    },
  }),
];
