import { assertEquals, assertStringIncludes } from "@std/assert";
import { Database } from "@db/sqlite";
import { dirname } from "@std/path";
import { tempDir } from "../../../shared/testing/fakes.ts";
import type { Ran } from "../node/command.ts";
import { installationIn } from "../testing/fixtures.ts";
import { stoodIn } from "../testing/stood_in.ts";
import { macChecks } from "./mac_checks.ts";

/** As `pmset -g custom` prints on a Mac mini (macOS 14): one block. */
const custom = (sleep: number, autorestart: number) =>
  `AC Power:
 Sleep On Power Button 1
 autorestart          ${autorestart}
 powernap             1
 networkoversleep     0
 disksleep            10
 sleep                ${sleep}
 ttyskeepawake        1
 displaysleep         10
 tcpkeepalive         1
 womp                 1
`;

/** The same on a portable: another block first, and no \`autorestart\`. */
const PORTABLE = `Battery Power:
 powernap             0
 sleep                15
 lidwake              1
AC Power:
 powernap             1
 sleep                0 (sleep prevented by powerd)
 lidwake              1
`;

const NO_AUTO_LOGIN: Ran = {
  code: 1,
  stdout: "",
  stderr:
    "2026-08-20 10:00:00.000 defaults[501:1] \\nThe domain/default pair " +
    "of (/Library/Preferences/com.apple.loginwindow, autoLoginUser) does not exist\n",
};

async function checked(
  answers: Parameters<typeof stoodIn>[0],
  scope: "agent" | "daemon" = "agent",
) {
  const installation = installationIn("/nowhere", { scope });
  const findings = await macChecks(installation, {
    machine: stoodIn(answers),
    isInstalled: true,
  });
  return findings.map(({ level, subject, fix }) =>
    [level, subject, fix].filter((it) => it !== undefined).join(" ")
  );
}

Deno.test("macChecks() names what lets a Mac sleep or stay off, and the line that mends it", async () => {
  const pmset = (text: string) =>
    checked({ "pmset -g custom": text, pmset: "" });
  assertEquals(await pmset(custom(0, 1)), ["ok power"]);
  assertEquals(await pmset(custom(10, 0)), [
    "warning power sudo pmset -a sleep 0",
    "warning power sudo pmset -a autorestart 1",
  ]);
  assertEquals(await pmset(PORTABLE), ["ok power"]);
  const kept = { "pmset -g custom": custom(10, 1) };
  assertEquals(
    await checked({
      ...kept,
      "pmset -g": "System-wide power settings:\n SleepDisabled\t\t1\n",
    }),
    ["ok power"],
  );
});

Deno.test("macChecks() tells who is logged in after a restart, and what FileVault holds up", async () => {
  const on = { fdesetup: "FileVault is On.\n", defaults: "george\n" };
  const off = { fdesetup: "FileVault is Off.\n", defaults: "george\n" };
  const authrestart =
    "sudo fdesetup authrestart for a restart that you want; " +
    "sudo fdesetup disable for those that you do not";
  assertEquals(await checked(on), [`warning login ${authrestart}`]);
  assertEquals(await checked(on, "daemon"), [`warning login ${authrestart}`]);
  assertEquals(await checked(off), ["ok login"]);
  const nobody = { ...off, defaults: NO_AUTO_LOGIN };
  assertEquals(await checked(nobody, "daemon"), ["ok login"]);
  const [agent] = await checked(nobody);
  assertStringIncludes(
    agent ?? "",
    "warning login sudo sysadminctl -autologin set -userName george -password -; or",
  );
  const [other] = await macChecks(installationIn("/nowhere"), {
    machine: stoodIn({ ...off, defaults: "mary\u001b[2J\n" }),
    isInstalled: true,
  });
  assertStringIncludes(
    other?.seen ?? "",
    "mary\\u001b[2J is logged in by itself",
  );
});

Deno.test("macChecks() reads what somebody has allowed, and says when that cannot be told", async () => {
  await using dir = await tempDir();
  const installation = installationIn(dir.path);
  const consent = async (machine = stoodIn({})) => {
    const findings = await macChecks(installation, {
      machine,
      isInstalled: true,
    });
    return findings.map(({ level, seen }) => `${level} ${seen}`);
  };
  const [unknown] = await consent(stoodIn({}, "darwin"));
  assertStringIncludes(
    unknown ?? "",
    "cannot be told without asking at the screen",
  );

  const path =
    `${installation.owner.home}/Library/Application Support/com.apple.TCC/TCC.db`;
  await Deno.mkdir(dirname(path), { recursive: true });
  const database = new Database(path);
  using _closing = { [Symbol.dispose]: () => database.close() };
  // The columns that are read, of macOS 11 and later.
  database.exec(
    "CREATE TABLE access (service TEXT, client TEXT, client_type INTEGER, auth_value INTEGER)",
  );
  const answer = (program: string, folder: string, value: number) =>
    database.prepare("INSERT INTO access VALUES (?, ?, 1, ?)").run(
      `kTCCServiceSystemPolicy${folder}Folder`,
      `${dir.path}/bin/${program}`,
      value,
    );
  answer("conductor", "Desktop", 2);
  answer("conductor", "Documents", 0);
  answer("codexd", "Desktop", 2);
  answer("codexd", "Documents", 2);
  assertEquals(await consent(), [
    "warning conductor has no consent for Documents: macOS refuses it",
    "ok codexd may read Desktop and Documents",
  ]);
  database.exec("DELETE FROM access WHERE client LIKE '%codexd'");
  assertEquals(
    (await consent())[1],
    "warning codexd has no consent for Desktop and Documents: macOS asks at " +
      "the screen, and it waits for that",
  );
});

Deno.test("macChecks() says elsewhere in a word that it has not looked", async () => {
  const installation = installationIn("/nowhere");
  const machine = stoodIn({});
  const findings = await macChecks(installation, {
    machine,
    isInstalled: true,
  });
  assertEquals(findings.map(({ level, seen }) => [level, seen.split(":")[0]]), [
    ["ok", "not checked, since this is none"],
  ]);
});
