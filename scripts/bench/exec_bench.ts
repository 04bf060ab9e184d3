import { startDaemon } from "../testing/daemon.ts";
import {
  type BenchRow,
  interleave,
  middles,
  ms,
  post,
  ratioRow,
} from "./harness.ts";
import { startWebhook } from "./webhook.ts";

const ROUNDS = 300;
/** How many commands at once, and how many rounds of four each. */
const WIDTHS = [8, 32];
const ROUNDS_AT_ONCE = 5;

/**
 * `POST /v1/exec` of `/bin/true` against a plain `Deno.Command`, one whose shell
 * makes a group, and Debian's webhook;
 * through MCP against itself.
 */
export async function execBench(): Promise<readonly BenchRow[]> {
  await using conductor = await startDaemon("conductor");
  await using webhook = await startWebhook();
  const ours = () =>
    post(`${conductor.origin}/v1/exec`, { command: "/bin/true" });
  const mcp = () =>
    post(`${conductor.origin}/mcp`, {
      jsonrpc: "2.0",
      id: 1,
      method: "tools/call",
      params: { name: "host_exec", arguments: { command: "/bin/true" } },
    });
  const hook = webhook &&
    { hook: () => post(`${webhook.origin}/hooks/true`, {}) };
  for (let i = 0; i < 50; i++) await Promise.all([ours(), mcp()]);
  const p50 = middles(
    await interleave(
      {
        ours,
        mcp,
        plain: () => shell("/bin/true"),
        group: makeGroup,
        ...hook,
      } as Record<"ours" | "mcp" | "plain" | "group" | "hook", typeof ours>,
      ROUNDS,
    ),
  );
  const row = (
    name: string,
    floor: readonly [number, string],
    limit: { readonly most: number; readonly plusMs?: number },
  ) => ratioRow({ name, ours: p50.ours, floor, show: ms, ...limit });
  return [
    row(
      "exec of /bin/true, p50",
      [p50.plain, "plain Deno.Command of a shell"],
      {
        most: 1.3,
        plusMs: 2,
      },
    ),
    row("exec of /bin/true, p50", [p50.group, "a shell that makes its group"], {
      most: 2,
    }),
    ...webhook === undefined ? [] : [
      row("exec of /bin/true, p50", [p50.hook, "webhook over HTTP"], {
        most: 2,
      }),
    ],
    ratioRow({
      name: "exec of /bin/true through MCP, p50",
      ours: p50.mcp,
      floor: [p50.ours, "POST /v1/exec"],
      show: ms,
      most: 1,
      plusMs: 2,
    }),
    ...await atOnceRows(ours),
  ];
}

/** Many at once, beside as many shells that make a group each. */
async function atOnceRows(ours: () => Promise<void>): Promise<BenchRow[]> {
  const rows: BenchRow[] = [];
  for (const width of WIDTHS) {
    const all = (run: () => Promise<unknown>) => async () => {
      await Promise.all(
        Array.from({ length: width }, async () => {
          for (let i = 0; i < 4; i++) await run();
        }),
      );
    };
    const took = middles(
      await interleave(
        { ours: all(ours), group: all(makeGroup) },
        ROUNDS_AT_ONCE,
      ),
    );
    rows.push(ratioRow({
      name: `exec of /bin/true, ${width} at once, each`,
      ours: took.ours / (width * 4),
      floor: [took.group / (width * 4), "a shell that makes its group"],
      show: ms,
      most: 2,
    }));
  }
  return rows;
}

function shell(command: string): Promise<unknown> {
  return new Deno.Command("/bin/sh", { args: ["-c", command] }).output();
}

function makeGroup(): Promise<unknown> {
  return shell("exec setsid sh -c /bin/true");
}
