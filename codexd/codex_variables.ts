/** Variables of codexd's own that Codex gets; none of them is codexd's secret. */
export const INHERITED = [
  "HOME",
  "USER",
  "LOGNAME",
  "SHELL",
  "LANG",
  "LC_ALL",
  "LC_CTYPE",
  "TZ",
  "CODEX_HOME",
  "CODEX_API_KEY",
  "OPENAI_API_KEY",
  "OPENAI_BASE_URL",
  "SSH_AUTH_SOCK",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "ALL_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "all_proxy",
  "no_proxy",
  "RUST_LOG",
] as const;

/** Everything that codexd reads from the environment on Codex's behalf. */
export const CODEX_VARIABLES = [...INHERITED, "PATH", "TMPDIR"] as const;

/** Values of the environment that must never reach a log. */
export function secretValues(
  own: (variable: string) => string | undefined,
): string[] {
  return INHERITED.filter((name) => /KEY|TOKEN|SECRET/.test(name))
    .map(own).filter((value) =>
      value !== undefined && value !== ""
    ) as string[];
}
