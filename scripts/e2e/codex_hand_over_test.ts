import { assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import { until } from "../../shared/testing/until.ts";
import { denoDir } from "../../shared/testing/deno_dir.ts";
import { realCodexTest } from "../testing/real_codex_test_case.ts";

realCodexTest(
  "a script that a turn asks to stop codexd goes on when the turn, and codexd, are over",
  async (rig) => {
    const bin = join(rig.work, "bin");
    await Deno.mkdir(bin);
    const seen = join(rig.work, "seen");
    const go = join(rig.work, "go");
    await Deno.writeTextFile(
      join(bin, "launchctl"),
      `#!/bin/sh\nuntil [ -e ${go} ]; do sleep 0.1; done\nenv >${seen}\nexit 113\n`,
      { mode: 0o755 },
    );
    const script = new URL("../runtime/stop-launchd.sh", import.meta.url);
    const run = join(rig.work, "run");
    await Deno.writeTextFile(
      run,
      `export PATH=${bin}:$PATH HOME=${rig.work} DENO_BIN=${Deno.execPath()} \\
DENO_DIR=${denoDir()} BAA_LOGS_DIR=${rig.work}/logs
${script.pathname} >${rig.work}/said 2>&1`,
    );
    const turn = async (sandbox: string) => {
      const id = await rig.session({ sandbox });
      const step = `@model:shell cmd="sh ${run}" @model:text text=done`;
      assertEquals((await rig.turn(id, step)).status, "completed");
      return await Deno.readTextFile(join(rig.work, "said"));
    };
    assertStringIncludes(await turn("workspace-write"), "Codex's sandbox");
    const said = await turn("danger-full-access");
    const [, log = ""] = /log {6}(.*)/.exec(said) ?? [];
    assertStringIncludes(log, rig.work, said);
    await rig.kill();
    await Deno.writeTextFile(go, "");
    await until(() => Deno.readTextFile(`${log}.outcome`).catch(() => ""));
    const environment = await Deno.readTextFile(seen);
    assertEquals(/BAA_(INSIDE|CODEXD_LIFE)/.test(environment), false);
  },
  { BAA_CODEX_MAX_SANDBOX: "danger-full-access" },
);
