import { failureOf, HostOpFailure } from "./failure.ts";

/**
 * Returns why a command could not be started. The runtime names the program
 * even when it is the working folder that is missing, so that is looked at.
 */
export async function startFailure(
  thrown: unknown,
  cwd: string,
): Promise<HostOpFailure> {
  const failure = failureOf(thrown, {
    code: "EXEC_FAILED",
    doing: "start the command",
  });
  if (failure.details?.reason === "sandbox") return failure;
  const wrong = await whatIsWrongWith(cwd) ?? whatElse(failure);
  if (wrong === undefined) return failure;
  const code = failure.code;
  return new HostOpFailure(
    code,
    `Cannot start the command in cwd ${cwd}: ${wrong}`,
    { cause: thrown, details: { ...failure.details, cwd } },
  );
}

async function whatIsWrongWith(cwd: string): Promise<string | undefined> {
  try {
    const info = await Deno.stat(cwd);
    return info.isDirectory ? undefined : "it is not a directory";
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "it does not exist";
    if (error instanceof Deno.errors.NotADirectory) {
      return "a part of it is not a directory";
    }
    if (error instanceof Deno.errors.PermissionDenied) {
      return "it may not be entered";
    }
    // outside of what this process may look at
    return "it does not exist or may not be looked at";
  }
}

/** A folder can be looked at and yet not be entered; the system does not say which it was. */
function whatElse({ code }: HostOpFailure): string | undefined {
  return code === "PERMISSION_DENIED"
    ? "it may not be entered, or the shell may not be run"
    : undefined;
}
