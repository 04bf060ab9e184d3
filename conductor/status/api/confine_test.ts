import { assertEquals } from "@std/assert";

Deno.test("confine() leaves a process the network and nothing else", async () => {
  const script = `
    import { confine } from "${new URL("./confine.ts", import.meta.url)}";
    confine();
    const names = ["run", "write", "read", "env", "sys", "ffi", "import", "net"];
    const granted = names.filter((name) =>
      Deno.permissions.querySync({ name }).state === "granted"
    );
    console.log(granted.join());
  `;
  const { stdout } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--quiet", "--no-prompt", "--allow-net", "--allow-read"],
      ...["--allow-write", "--allow-run", "--allow-env", "--allow-sys"],
      `data:application/typescript,${encodeURIComponent(script)}`,
    ],
    stderr: "inherit",
  }).output();
  assertEquals(new TextDecoder().decode(stdout).trim(), "net");
});
