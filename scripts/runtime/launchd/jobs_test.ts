import { assertEquals, assertRejects } from "@std/assert";
import { tempDir } from "../../../shared/testing/fakes.ts";
import { FakeLaunchd } from "../testing/fake_launchd.ts";
import { installationIn } from "../testing/fixtures.ts";
import { HastyClock } from "../testing/hasty_clock.ts";
import { SERVICES } from "../node/services.ts";
import { readTemplate, renderJob } from "./job.ts";
import { Jobs } from "./jobs.ts";
import { formatJob, parseJob, sessionOf } from "../node/property_list.ts";

const SERVICE = SERVICES.codexd;
const TARGET = "gui/501/so.makefile.baa-codexd";

async function setUp(scope: "agent" | "daemon" = "agent") {
  const dir = await tempDir();
  const installation = installationIn(dir.path, { scope });
  const plist = dir.join("job.plist");
  await Deno.writeTextFile(
    plist,
    formatJob(renderJob(SERVICE, {
      installation,
      session: scope === "agent" ? "login" : "system",
      template: await readTemplate(),
    })),
  );
  const launchd = new FakeLaunchd();
  const jobs = new Jobs({
    launchctl: (...args) => Promise.resolve(launchd.run(args)),
    clock: new HastyClock(),
    owner: installation.owner,
    scope,
  });
  return { dir, plist, launchd, jobs };
}

function called(launchd: FakeLaunchd, command: string): number {
  return launchd.state.calls.filter(([it]) => it === command).length;
}

Deno.test("Jobs.load() loads into the login session", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  assertEquals(await jobs.load(SERVICE, plist), {
    target: TARGET,
    wasLoaded: false,
  });
  assertEquals(Object.keys(launchd.state.jobs), [TARGET]);
});

Deno.test("Jobs.load() goes to the background session when nobody is logged in", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  launchd.state.loginSession = false;
  const { target } = await jobs.load(SERVICE, plist);
  assertEquals(target, "user/501/so.makefile.baa-codexd");
  assertEquals(
    sessionOf(parseJob(await Deno.readTextFile(plist))),
    "background",
  );
});

Deno.test("Jobs.load() returns to the login session once somebody has logged in", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  launchd.state.loginSession = false;
  await jobs.load(SERVICE, plist);
  launchd.state.loginSession = true;
  assertEquals(await jobs.load(SERVICE, plist), {
    target: "user/501/so.makefile.baa-codexd",
    wasLoaded: true,
  });
  await jobs.unload(SERVICE);
  assertEquals((await jobs.load(SERVICE, plist)).target, TARGET);
  assertEquals(Object.keys(launchd.state.jobs), [TARGET]);
  assertEquals(sessionOf(parseJob(await Deno.readTextFile(plist))), "login");
});

Deno.test("Jobs.load() uses the system domain for a daemon", async () => {
  const { dir, plist, jobs } = await setUp("daemon");
  await using _ = dir;
  const { target } = await jobs.load(SERVICE, plist);
  assertEquals(target, "system/so.makefile.baa-codexd");
});

Deno.test("Jobs.load() is content with a job that is loaded already", async () => {
  const { dir, plist, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  assertEquals(await jobs.load(SERVICE, plist), {
    target: TARGET,
    wasLoaded: true,
  });
});

Deno.test("Jobs.load() tries again while the job's predecessor leaves", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  launchd.state.refusals["bootstrap"] = [5, 37, 36, 5];
  assertEquals(await jobs.load(SERVICE, plist), {
    target: TARGET,
    wasLoaded: false,
  });
  assertEquals(called(launchd, "bootstrap"), 5);
});

Deno.test("Jobs.load() gives up with launchctl's own words", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  launchd.state.refusals["bootstrap"] = Array(200).fill(5);
  await assertRejects(
    () => jobs.load(SERVICE, plist),
    Error,
    'launchctl ended with 5, "Failed: 5: Input/output error"',
  );
  launchd.state.refusals["bootstrap"] = [78];
  await assertRejects(
    () => jobs.load(SERVICE, plist),
    Error,
    `Cannot load ${TARGET}: launchctl ended with 78`,
  );
});

Deno.test("Jobs.load() enables a job that was disabled", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  launchd.state.disabled.push(TARGET);
  await jobs.load(SERVICE, plist);
  assertEquals(Object.keys(launchd.state.jobs), [TARGET]);
});

Deno.test("Jobs.unload() waits until launchd has let go", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  launchd.state.slowLooks = 20;
  assertEquals(await jobs.unload(SERVICE), true);
  assertEquals(launchd.state.jobs, {});
  assertEquals(called(launchd, "bootout"), 1);
});

Deno.test("Jobs.unload() takes a job out of both domains", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  launchd.state.jobs["user/501/so.makefile.baa-codexd"] = structuredClone(
    launchd.job(TARGET),
  );
  assertEquals((await jobs.find(SERVICE)).length, 2);
  await jobs.unload(SERVICE);
  assertEquals(launchd.state.jobs, {});
});

Deno.test("Jobs.unload() says that nothing was loaded", async () => {
  const { dir, jobs, launchd } = await setUp();
  await using _ = dir;
  assertEquals(await jobs.unload(SERVICE), false);
  assertEquals(called(launchd, "bootout"), 0);
});

Deno.test("Jobs.unload() bears a job that goes by itself meanwhile", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  const job = launchd.job(TARGET);
  Object.assign(job, { looksLeft: 2, pid: undefined });
  launchd.state.refusals["bootout"] = [3];
  assertEquals(await jobs.unload(SERVICE), true);
});

Deno.test("Jobs.unload() fails when the job never leaves", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  launchd.state.slowLooks = Infinity;
  await assertRejects(
    () => jobs.unload(SERVICE),
    Error,
    "launchd still has it after 60 s (state: SIGTERMed)",
  );
});

Deno.test("Jobs.unload() fails when it may not", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  launchd.state.refusals["bootout"] = [1];
  await assertRejects(() => jobs.unload(SERVICE), Error, "needs the owner");
});

Deno.test("Jobs.run() starts a loaded job that had ended", async () => {
  const { dir, plist, launchd, jobs } = await setUp();
  await using _ = dir;
  await jobs.load(SERVICE, plist);
  Object.assign(launchd.job(TARGET), {
    state: "not running",
    pid: undefined,
    lastExit: 0,
  });
  const job = await jobs.run(TARGET);
  assertEquals(job?.state, "running");
  assertEquals(job?.runs, 2);
  assertEquals(called(launchd, "kickstart"), 1);
});
