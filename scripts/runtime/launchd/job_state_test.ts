import { assertEquals } from "@std/assert";
import { isLeaving, isRunning, parseJobState } from "./job_state.ts";

const RUNNING = `gui/501/so.makefile.baa-conductor = {
	active count = 1
	path = /Users/george/Library/LaunchAgents/so.makefile.baa-conductor.plist
	type = LaunchAgent
	state = running

	program = /Users/george/code/baa-conductor/bin/conductor
	environment = {
		state = not this one
		pid => 7
	}

	domain = gui/501 [100021]
	exit timeout = 30
	runs = 3
	pid = 4711
	immediate reason = semaphore
	last exit code = 2

	spawn type = interactive (4)
	resource coalition = {
		state = active
	}
}
`;

Deno.test("parseJobState() reads the facts of a running job", () => {
  assertEquals(parseJobState("t", RUNNING), {
    target: "t",
    state: "running",
    pid: 4711,
    runs: 3,
    lastExit: "2",
  });
});

Deno.test("parseJobState() knows a job that never ended", () => {
  const state = parseJobState("t", "\tlast exit code = (never exited)\n");
  assertEquals(state.lastExit, undefined);
});

Deno.test("parseJobState() prefers the signal that ended a job", () => {
  const state = parseJobState(
    "t",
    "\tlast exit code = 0\n\tlast terminating signal = Killed: 9\n",
  );
  assertEquals(state.lastExit, "Killed: 9");
});

Deno.test("parseJobState() leaves unknown what it does not find", () => {
  const state = parseJobState("t", "some future format\n");
  assertEquals([state.state, state.pid, isRunning(state)], [
    "",
    undefined,
    true,
  ]);
});

Deno.test("isLeaving() knows a job that launchd has told to end", () => {
  assertEquals(isLeaving(parseJobState("t", "\tstate = SIGTERMed\n")), true);
  assertEquals(isLeaving(parseJobState("t", "\tstate = running\n")), false);
  assertEquals(isRunning(parseJobState("t", "\tstate = not running\n")), false);
});
