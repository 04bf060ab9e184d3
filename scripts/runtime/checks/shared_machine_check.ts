import { printable } from "../../../shared/printable.ts";
import {
  type Finding,
  type Installation,
  type Machine,
  NOT_FOUND,
  ok,
  script,
  warning,
} from "../node/mod.ts";

/** Without a token whoever reaches loopback is the owner: each user of the machine. */
export async function sharedMachineCheck(
  { settings, owner }: Pick<Installation, "settings" | "owner">,
  { run }: Pick<Machine, "run">,
): Promise<readonly Finding[]> {
  const others = (await people(run)).filter((it) => it !== owner.name);
  if (others.length === 0) return [ok("users", "nobody else can log in here")];
  const file = `${owner.home}/.baa-token`;
  const named = others.slice(0, 3).map((it) => printable(it)).join(", ");
  const more = others.length > 3 ? ` and ${others.length - 3} more` : "";
  if (
    settings.has("BAA_SHARED_TOKEN_FILE") || settings.has("BAA_SHARED_TOKEN")
  ) {
    return [ok(
      "users",
      `a token is set, and ${named}${more} can log in here: a browser sends the ` +
        "cookie of the status pages to every port of this machine, theirs too, " +
        "so open no address of theirs while signed in, and sign out",
    )];
  }
  return [warning(
    "users",
    `no token is set, and ${named}${more} can log in here: every program of theirs may do what ${owner.name} may`,
    `(umask 077; openssl rand -hex 32 > ${file}), then ${
      script("install-mini", "--token-file", file)
    }; for deno task start BAA_SHARED_TOKEN_FILE=${file}`,
  )];
}

/**
 * Names whoever can log in. macOS lists `george  501`, people from 501 on;
 * elsewhere lines of `passwd` tell, people from 1000 on.
 */
async function people(run: Machine["run"]): Promise<readonly string[]> {
  const mac = await run(["dscl", ".", "-list", "/Users", "UniqueID"]);
  if (mac.code !== NOT_FOUND) {
    return [...mac.stdout.matchAll(/^([^_\s]\S*)\s+(\d+)$/gm)]
      .filter(([, , uid]) => Number(uid) >= 501)
      .map(([, name = ""]) => name);
  }
  const { stdout } = await run(["getent", "passwd"]);
  return stdout.split("\n").map((it) => it.split(":"))
    .filter(([, , uid, , , , shell = ""]) =>
      Number(uid) >= 1000 && Number(uid) < 65_534 &&
      !/\/(nologin|false)$/.test(shell)
    ).map(([name = ""]) => name);
}
