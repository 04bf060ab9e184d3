import { assertEquals, assertStringIncludes } from "@std/assert";
import type { JobState } from "../launchd/job_state.ts";
import { SERVICES } from "../node/services.ts";
import { jobCheck } from "./job_check.ts";

const RUNNING: JobState = {
  target: "gui/501/so.makefile.baa-codexd",
  state: "running",
  pid: 7,
  runs: 1,
  lastExit: undefined,
};

function check(...jobs: readonly JobState[]) {
  return jobCheck(SERVICES.codexd, { jobs });
}

Deno.test("jobCheck() is content with a job that runs", () => {
  assertEquals(check(RUNNING).level, "ok");
});

Deno.test("jobCheck() finds a job that is not loaded, ended or crashed", () => {
  const gone = check();
  assertEquals(gone.fix, "./scripts/runtime/start-launchd.sh --service codexd");
  const ended = check({ ...RUNNING, state: "not running", lastExit: "2" });
  assertEquals(ended.level, "problem");
  assertStringIncludes(ended.seen, "last exit 2");
  const crashed = check({ ...RUNNING, runs: 4, lastExit: "Killed: 9" });
  assertEquals(crashed.level, "warning");
  assertStringIncludes(crashed.seen, "Killed: 9");
  assertStringIncludes(crashed.fix ?? "", "logs-mini.sh --service codexd");
});

Deno.test("jobCheck() finds a job that is loaded in two domains", () => {
  const second = { ...RUNNING, target: "user/501/so.makefile.baa-codexd" };
  const finding = check(RUNNING, second);
  assertEquals(finding.level, "problem");
  assertStringIncludes(finding.seen, "gui/501/");
  assertStringIncludes(finding.seen, "user/501/");
});
