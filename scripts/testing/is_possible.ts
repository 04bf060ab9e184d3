/** Tells whether a program is there and does here what it is asked for. */
export async function isPossible(
  program: string,
  ...args: readonly string[]
): Promise<boolean> {
  try {
    const command = new Deno.Command(program, { args: [...args] });
    return (await command.output()).success;
  } catch {
    return false;
  }
}
