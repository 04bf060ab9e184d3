import { assert, assertEquals, assertMatch, assertThrows } from "@std/assert";
import { ConfigError } from "../shared/config/read_config.ts";
import { tempDir } from "../shared/testing/fakes.ts";
import { readConductorConfig } from "./config.ts";

Deno.test("readConductorConfig() refuses a shell that is no executable file", () => {
  for (const shell of ["/nowhere/sh", import.meta.filename ?? "", "/tmp"]) {
    const error = assertThrows(
      () => readConductorConfig((it) => it === "BAA_SHELL" ? shell : undefined),
      ConfigError,
    );
    assertEquals(error.problems, [
      `BAA_SHELL is "${shell}": give an executable file`,
    ]);
  }
});

Deno.test("readConductorConfig() takes a umask that leaves the owner everything, in octal", () => {
  const umaskOf = (given: string) =>
    readConductorConfig((it) => it === "BAA_UMASK" ? given : undefined)
      .values.umask;
  assertEquals(["", "2", "27", "077", "0022"].map(umaskOf), [
    "022",
    "002",
    "027",
    "077",
    "022",
  ]);
  for (const given of ["8", "0o22", "100", "-22", "777", "u=rwx"]) {
    assertEquals(assertThrows(() => umaskOf(given), ConfigError).problems, [
      `BAA_UMASK is "${given}": give an octal number from 000 to 077`,
    ]);
  }
});

Deno.test("readConductorConfig() passes nothing on that could change what a shell runs, or is the daemon's secret", () => {
  const read = (given: string) =>
    readConductorConfig((it) => it === "BAA_EXEC_ENV" ? given : undefined)
      .values.execEnv;
  assertEquals(read("GITHUB_TOKEN, JAVA_HOME,_x"), [
    "GITHUB_TOKEN",
    "JAVA_HOME",
    "_x",
  ]);
  const refused =
    "BASH_ENV ENV LD_PRELOAD LD_LIBRARY_PATH DYLD_INSERT_LIBRARIES BAA_SHARED_TOKEN BASHOPTS SHELLOPTS IFS PS4 PATH CDPATH TMOUT ZDOTDIR PERL5OPT BASH_FUNC_ls%% A-B 1A *";
  for (const name of refused.split(" ")) {
    const error = assertThrows(() => read(`TZ,${name}`), ConfigError);
    assertMatch(
      error.problems[0] ?? "",
      /^BAA_EXEC_ENV is "TZ,.*": give names of variables that cannot change what a shell runs \(never BAA_\*/,
    );
  }
});

Deno.test("readConductorConfig() says which variable it may not read", () => {
  const problem = assertThrows(
    () =>
      readConductorConfig((it) => {
        if (it === "JAVA_HOME") throw new Deno.errors.NotCapable("no");
        return it === "BAA_EXEC_ENV" ? "TZ,JAVA_HOME" : undefined;
      }),
    ConfigError,
  );
  assertEquals(problem.problems, [
    "BAA_EXEC_ENV names JAVA_HOME, which this program is not permitted to read: run the installer again",
  ]);
});

Deno.test("readConductorConfig() keeps what commands are passed on out of logs when it is a secret", () => {
  const variables: Readonly<Record<string, string>> = {
    BAA_EXEC_ENV: "TZ,GITHUB_TOKEN",
    TZ: "Europe/Berlin",
    GITHUB_TOKEN: "ghp-of-the-owner",
  };
  const { secrets } = readConductorConfig((it) => variables[it]);
  assertEquals(secrets.includes("ghp-of-the-owner"), true);
  assertEquals(secrets.includes("Europe/Berlin"), false);
});

Deno.test("readConductorConfig() reads the secret of notifications from a file that is the owner's", async () => {
  await using folder = await tempDir();
  const file = folder.join("secret");
  const env: Record<string, string> = {
    BAA_NOTIFY_URL: "https://me:canary-1@example.org/x?auth=canary-22&up=1",
    BAA_NOTIFY_SECRET_FILE: file,
  };
  const read = () => readConductorConfig((it) => env[it]);
  const { problems } = assertThrows(read, ConfigError);
  assertMatch(
    problems.join(),
    /^BAA_NOTIFY_SECRET_FILE is ".*secret": give a readable file \(/,
  );
  await Deno.writeTextFile(file, "canary-333\n");
  await Deno.chmod(file, 0o644);
  assertEquals(read().warnings, [
    `BAA_NOTIFY_SECRET_FILE ${file} can be read by others: run chmod 600 on it`,
  ]);
  await Deno.chmod(file, 0o600);
  const { warnings, notifySecret, secrets, lines } = read();
  assertEquals([warnings, notifySecret], [[], "canary-333"]);
  assert(
    ["canary-1", "canary-22", notifySecret].every((it) => secrets.includes(it)),
  );
  assert(!secrets.includes("1"));
  assert(!JSON.stringify(lines).includes("canary"));
});

Deno.test("readConductorConfig() wants the address of a topic for ntfy", () => {
  const env: Record<string, string> = {
    BAA_NOTIFY_URL: "https://canary@ntfy.sh",
    BAA_NOTIFY_FORMAT: "ntfy",
  };
  const read = () => readConductorConfig((it) => env[it]);
  assertEquals(assertThrows(read, ConfigError).problems, [
    "BAA_NOTIFY_URL is ***: with BAA_NOTIFY_FORMAT=ntfy give the address of a " +
    "topic, such as https://ntfy.sh/<topic>",
  ]);
  env.BAA_NOTIFY_URL = "https://ntfy.sh/canary";
  assertEquals(read().values.notifyFormat, "ntfy");
});
