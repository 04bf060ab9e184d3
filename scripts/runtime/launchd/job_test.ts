import { assert, assertEquals } from "@std/assert";
import { STOP_LIMIT_MS } from "../../../shared/daemon/stop_daemon.ts";
import { runCommand } from "../node/command.ts";
import { DEFAULT_SERVICES, SERVICE_NAMES, SERVICES } from "../node/services.ts";
import { installationIn } from "../testing/fixtures.ts";
import { readTemplate, renderJob } from "./job.ts";
import { jobDifferences } from "./job_differences.ts";
import { environmentOf, formatJob, parseJob } from "../node/property_list.ts";

const template = await readTemplate();
const hasPlistutil =
  (await runCommand(["plistutil", "--version"])).code !== 127;

function render(
  name: typeof SERVICE_NAMES[number],
  options: Parameters<typeof installationIn>[1] = {},
) {
  const installation = installationIn("/Users/george/baa", options);
  return renderJob(SERVICES[name], {
    installation,
    session: installation.scope === "daemon" ? "system" : "login",
    template,
  });
}

Deno.test("renderJob() gives launchd what it needs to keep a service alive", () => {
  const job = render("conductor");
  assertEquals(job["Label"], "so.makefile.baa-conductor");
  assertEquals(job["ProgramArguments"], ["/Users/george/baa/bin/conductor"]);
  assertEquals(job["WorkingDirectory"], "/Users/george/baa");
  assertEquals(job["RunAtLoad"], true);
  assertEquals(job["KeepAlive"], { SuccessfulExit: false });
  assertEquals(job["ThrottleInterval"], 10);
  assertEquals(job["ProcessType"], "Interactive");
  // it would reach what commands make: BAA_UMASK does
  assertEquals(job["Umask"], undefined);
  assertEquals(job["SoftResourceLimits"], { NumberOfFiles: 8192 });
  assert(!("UserName" in job) && !("LimitLoadToSessionType" in job));
});

Deno.test("the template gives a service longer to stop than it ever takes", () => {
  assert(Number(template["ExitTimeOut"]) * 1000 > STOP_LIMIT_MS + 5000);
});

Deno.test("renderJob() writes both names of the public base to conductor alone", () => {
  const settings = {
    BAA_CONDUCTOR_PUBLIC_API_BASE: "https://conductor.makefile.so",
  };
  const environment = environmentOf(render("conductor", { settings }));
  assertEquals(
    environment["BAA_CONDUCTOR_PUBLIC_API_BASE"],
    environment["BAA_CONTROL_API_BASE"],
  );
  assert(environment["BAA_CONTROL_API_BASE"]);
  const codexd = environmentOf(render("codexd", { settings }));
  assertEquals(codexd["BAA_CONTROL_API_BASE"], undefined);
});

Deno.test("renderJob() freezes neither TMPDIR nor the PATH of the shell that installs", () => {
  for (const name of SERVICE_NAMES) {
    const environment = environmentOf(render(name));
    assertEquals(environment["TMPDIR"], undefined);
    assertEquals(environment["PATH"], undefined);
    assertEquals(environment["HOME"], undefined);
  }
  assertEquals(
    environmentOf(render("conductor"))["BAA_EXEC_PATH"],
    "/opt/homebrew/bin:/usr/bin:/bin",
  );
});

Deno.test("renderJob() gives commands what is passed on, and Codex what it knows of it", () => {
  const passedOn = { TZ: "Asia/Tokyo", JAVA_HOME: "/opt/java" };
  const given = (name: typeof SERVICE_NAMES[number]) => {
    const { TZ, JAVA_HOME } = environmentOf(render(name, { passedOn }));
    return { TZ, JAVA_HOME };
  };
  assertEquals(given("conductor"), passedOn);
  assertEquals(given("codexd"), { TZ: "Asia/Tokyo", JAVA_HOME: undefined });
  assertEquals(given("status-api"), { TZ: undefined, JAVA_HOME: undefined });
});

Deno.test("renderJob() runs a daemon as its owner, who has a home there as well", () => {
  const job = render("codexd", { scope: "daemon" });
  assertEquals(job["UserName"], "george");
  assertEquals(environmentOf(job)["HOME"], "/Users/george/baa/home");
});

Deno.test("renderJob() runs the wrapper as a sub-command of conductor", () => {
  assertEquals(render("status-api")["ProgramArguments"], [
    "/Users/george/baa/bin/conductor",
    "status-api",
  ]);
});

Deno.test("formatJob() and parseJob() keep every character", () => {
  const settings = { BAA_EXEC_PATH: `/a b/<&>'"/ü😀:/usr/bin` };
  for (const name of DEFAULT_SERVICES) {
    const job = render(name, { settings });
    assertEquals(parseJob(formatJob(job)), job);
  }
});

Deno.test({
  name: "formatJob() writes what another parser reads the same",
  ignore: !hasPlistutil,
  async fn() {
    const job = render("conductor", {
      settings: { BAA_EXEC_PATH: `/a b/<&>'"/ü😀:/usr/bin` },
    });
    const file = await Deno.makeTempFile({ suffix: ".plist" });
    try {
      await Deno.writeTextFile(file, formatJob(job));
      const binary = `${file}.bin`;
      const there = ["plistutil", "-i", file, "-f", "bin", "-o"] as const;
      assertEquals((await runCommand([...there, binary])).code, 0);
      const back = await runCommand(["plistutil", "-i", binary, "-f", "xml"]);
      await Deno.remove(binary);
      assertEquals(parseJob(back.stdout), job);
    } finally {
      await Deno.remove(file);
    }
  },
});

Deno.test("jobDifferences() names a setting that holds a secret, and not the secret", () => {
  const job = render("conductor");
  const withUrl = (url: string) => ({
    ...job,
    EnvironmentVariables: { ...environmentOf(job), BAA_NOTIFY_URL: url },
  });
  const found = [
    jobDifferences(withUrl("https://canary@a.example"), job),
    jobDifferences(job, withUrl("https://b.example/canary")),
    jobDifferences(withUrl("https://b.example/canary"), withUrl("http://c")),
  ];
  assertEquals(found, [
    ["BAA_NOTIFY_URL is ***, should be not set"],
    ["BAA_NOTIFY_URL is not set, should be ***"],
    ["BAA_NOTIFY_URL is ***, should be ***"],
  ]);
});
