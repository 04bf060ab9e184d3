import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { type RunningDaemon, startDaemon } from "../testing/daemon.ts";
import { call } from "../testing/http.ts";

/** Starts a daemon under a umask of somebody's. */
function startUnder(
  umask: string,
  program: "conductor" | "codexd",
  env: Readonly<Record<string, string>> = {},
): Promise<RunningDaemon> {
  return startDaemon(program, env, {
    wrapper: ["/bin/sh", "-c", `umask ${umask}; exec "$0" "$@"`],
  });
}

function modeOf(path: string): string {
  return ((Deno.lstatSync(path).mode ?? 0) & 0o777).toString(8);
}

/** The modes of all that is below a folder, each once. */
function modesBelow(folder: string): ReadonlySet<string> {
  const modes = new Set<string>();
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    modes.add(`${isDirectory ? "folder" : "file"} ${modeOf(path)}`);
    if (isDirectory) { for (const it of modesBelow(path)) modes.add(it); }
  }
  return modes;
}

const OWN = new Set(["folder 700", "file 600"]);

for (
  const { own, given, roots } of [
    { own: "077", given: undefined, roots: false },
    { own: "000", given: undefined, roots: true },
    { own: "077", given: "002", roots: true },
    { own: "022", given: "077", roots: false },
    { own: "777", given: "000", roots: false },
  ]
) {
  const umask = given ?? "022";
  const files = (0o666 & ~parseInt(umask, 8)).toString(8);
  const folders = (0o777 & ~parseInt(umask, 8)).toString(8);

  Deno.test(`what commands and writes make under umask ${own}, BAA_UMASK ${given}, ${roots ? "with" : "without"} roots has ${files} and ${folders}`, async () => {
    const place = await Deno.makeTempDir();
    try {
      await using conductor = await startUnder(own, "conductor", {
        ...(given !== undefined && { BAA_UMASK: given }),
        ...(roots && {
          BAA_HOST_OPS_READ_ROOTS: place,
          BAA_HOST_OPS_WRITE_ROOTS: place,
        }),
      });
      const post = (path: string, body: unknown) =>
        call(`${conductor.origin}${path}`, body);
      // one through a waiting shell, one through a shell of its own
      for (const env of [undefined, { PS4: "x" }]) {
        const { data } = await post("/v1/exec", {
          command: "umask; rm -rf f d; mkdir d; echo x >f",
          cwd: place,
          env,
        });
        assertEquals(data.result.stdout, `0${umask}\n`);
        assertEquals(modeOf(join(place, "f")), files);
        assertEquals(modeOf(join(place, "d")), folders);
      }
      const detached = await post("/v1/exec", {
        command: "umask; rm f; echo x >f",
        cwd: place,
        detach: true,
        waitMs: 30_000,
      });
      assertEquals(detached.data.result.stdout, `0${umask}\n`);
      assertEquals(modeOf(join(place, "f")), files);
      const path = join(place, "new/er/file");
      const { data } = await post("/v1/files/write", { path, content: "x" });
      assertEquals(data.ok, true, JSON.stringify(data));
      assertEquals(modeOf(path), files);
      assertEquals(modeOf(join(place, "new")), folders);
      assertEquals(modeOf(join(place, "new/er")), folders);
      for (const folder of ["state", "logs", "tmp"]) {
        assertEquals(modeOf(join(conductor.folder, folder)), "700");
      }
      const modes = modesBelow(join(conductor.folder, "state"));
      assertEquals(modes.union(OWN), OWN);
      assertEquals(modesBelow(join(conductor.folder, "logs")), OWN);
    } finally {
      await Deno.remove(place, { recursive: true });
    }
  });
}

Deno.test("codexd's own files and its socket are its owner's alone under any umask", async () => {
  await using codexd = await startUnder("000", "codexd", { BAA_UMASK: "000" });
  assertEquals(modesBelow(join(codexd.folder, "state")), OWN);
  assertEquals(modesBelow(join(codexd.folder, "logs")), OWN);
});
