/** Everything but the network, by which it answers and asks. */
const NOT_NEEDED = [
  "run",
  "write",
  "read",
  "env",
  "sys",
  "ffi",
  "import",
] as const;

/**
 * Gives up for good what conductor's program may do and its wrapper need not:
 * whoever takes over the wrapper can run nothing and open no file.
 */
export function confine(): void {
  for (const name of NOT_NEEDED) Deno.permissions.revokeSync({ name });
}
